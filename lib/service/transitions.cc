#include "service/transitions.h"

#include <string>

namespace postrider {
namespace {

Result<Delivery> refuse(std::string why) { return fail(Errc::kConflict, std::move(why)); }

std::string is_state(const Delivery& delivery) {
  return "the delivery is " + std::string{to_string(delivery.state)};
}

}  // namespace

Result<Delivery> retried(Delivery delivery, WallTime now) {
  if (delivery.state != DeliveryState::kPending) {
    return refuse(
        is_state(delivery) + "; only a pending one can be retried, a dead letter is replayed"
    );
  }
  delivery.due_at = now;
  return delivery;
}

Result<Delivery> cancelled(Delivery delivery, WallTime now) {
  if (delivery.state != DeliveryState::kPending) {
    return refuse(is_state(delivery) + "; only a pending one can be cancelled");
  }
  delivery.state = DeliveryState::kCancelled;
  delivery.due_at.reset();
  delivery.finished_at = now;
  return delivery;
}

Result<Delivery> replayed(Delivery delivery, const Endpoint* endpoint, WallTime now) {
  if (delivery.state == DeliveryState::kPending) return refuse("the delivery is pending already");
  if (delivery.discarded) return refuse("the dead letter was discarded");
  if (endpoint == nullptr) return refuse("the endpoint was deleted");
  if (endpoint->state == EndpointState::kDisabled)
    return refuse("the endpoint is disabled; resume it first");
  if (auto alive = not_expired(delivery.expires_at, now); !alive)
    return tl::unexpected(std::move(alive).error());
  delivery.state = DeliveryState::kPending;
  delivery.due_at = now;
  delivery.schedule_attempts_count = 0;
  delivery.dead_reason.reset();
  delivery.finished_at.reset();
  return delivery;
}

Status not_expired(std::optional<WallTime> expires_at, WallTime now) {
  if (!expires_at || *expires_at > now) return {};
  return fail(
      Errc::kConflict,
      "the event expired at " + to_rfc3339(*expires_at) + ", so nothing would be sent"
  );
}

Result<Delivery> discarded(Delivery delivery) {
  if (delivery.state != DeliveryState::kDead)
    return refuse(is_state(delivery) + "; only a dead letter can be discarded");
  if (delivery.discarded) return refuse("the dead letter was discarded already");
  delivery.discarded = true;
  return delivery;
}

}  // namespace postrider
