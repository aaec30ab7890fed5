#include "service/attempt_wait.h"

#include <algorithm>
#include <memory>
#include <optional>

namespace postrider {
namespace {

constexpr Millis kLookEvery{50};

/// What the delivery became by its last attempt; nothing when somebody else has decided on it.
std::optional<NextState> state_of(const Delivery& delivery) {
  switch (delivery.state) {
    case DeliveryState::kPending:
      return RetryAt{delivery.due_at.value_or(WallTime{})};
    case DeliveryState::kDelivered:
      return Delivered{};
    case DeliveryState::kDead:
      return Dead{delivery.dead_reason.value_or(DeadReason::kAttemptsExhausted)};
    case DeliveryState::kCancelled:
      break;
  }
  return std::nullopt;
}

/// Nothing while there is none.
Result<std::optional<RecordedAttempt>> stored_attempt(StoreReader& reader, DeliveryId id) {
  const auto history = reader.history(id);
  if (!history) return tl::unexpected<Error>(history.error());
  if (history->attempts.empty()) return std::optional<RecordedAttempt>{};
  const Delivery& delivery = history->view.delivery;
  auto event = reader.event(delivery.event);
  if (!event) return tl::unexpected<Error>(event.error());
  const Attempt& first = history->attempts.front();
  const auto next = state_of(delivery);
  RecordedAttempt recorded;
  recorded.settlement.delivery = id;
  recorded.settlement.endpoint = delivery.endpoint;
  recorded.settlement.attempt = first;
  recorded.settlement.event = std::make_shared<const Event>(std::move(*event));
  if (next) recorded.settlement.next = *next;
  recorded.settled = {.applied = next.has_value(), .attempt = first.id, .number = first.number};
  return std::optional{std::move(recorded)};
}

}  // namespace

Result<RecordedAttempt> wait_for_attempt(
    const AttemptWait& wanted, AttemptFeed& feed, StoreReader* elsewhere, const Clock& clock
) {
  std::uint64_t next = wanted.from;
  MonoTime look_at = clock.mono_now();
  while (clock.mono_now() < wanted.end && !feed.closed()) {
    Millis patience = std::chrono::ceil<Millis>(wanted.end - clock.mono_now());
    if (elsewhere != nullptr) patience = std::min(patience, kLookEvery);
    for (const auto& item : feed.wait_from(next, patience)) {
      next = item.number + 1;
      if (item.attempt->settlement.delivery == wanted.delivery) return *item.attempt;
    }
    if (elsewhere == nullptr || clock.mono_now() < look_at) continue;
    look_at = clock.mono_now() + kLookEvery;
    auto found = stored_attempt(*elsewhere, wanted.delivery);
    if (!found) return tl::unexpected(std::move(found).error());
    if (*found) return std::move(**found);
  }
  return fail(
      Errc::kUnavailable, "the attempt has not ended yet; see the deliveries of the endpoint"
  );
}

}  // namespace postrider
