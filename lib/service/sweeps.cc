#include "service/sweeps.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace postrider {
namespace {

/// Publishes the deliveries that a sweep ended, for lanes and metrics.
Status note(WriteContext& context, Result<std::vector<Delivery>> swept, bool& more) {
  if (!swept) return tl::unexpected(std::move(swept).error());
  for (const auto& delivery : *swept) {
    context.effects.deliveries_changed.push_back(changed_delivery(delivery));
    if (const auto& reason = delivery.dead_reason)
      ++context.effects.deliveries_dead[static_cast<std::size_t>(*reason)];
    if (delivery.state == DeliveryState::kCancelled) ++context.effects.deliveries_cancelled;
  }
  more |= swept->size() == limits::kChunkRowsMax;
  return {};
}

/// The shortest wait behind an open circuit.
constexpr Millis kCircuitWaitMin = std::chrono::hours{1};

/// Returns the latest due time of deliveries that have waited long enough, or nothing if none can
/// have.
std::optional<WallTime> waited_since(
    const WriteContext& context, EndpointId id, const RetryPolicy& retry_default
) {
  const auto endpoint = context.routing.find(id);
  if (!endpoint || endpoint->state != EndpointState::kActive) return std::nullopt;
  const RetryPolicy& policy = endpoint->config.retry ? *endpoint->config.retry : retry_default;
  const WallTime due_until = context.now - std::max(schedule_length(policy), kCircuitWaitMin);
  const WallTime opened_at = context.health.at(id.value).circuit->opened_at;
  if (std::max(opened_at, endpoint->state_changed_at) > due_until) return std::nullopt;
  return due_until;
}

}  // namespace

Status sweep_circuits(
    WriteContext& context, const RetryPolicy& retry_default, EndpointId& after, bool& more
) {
  std::vector<EndpointId> open;
  for (const auto& [id, health] : context.health) {
    const bool is_own = context.owned.test(partition_of(EndpointId{id}));
    if (is_own && health.circuit && id > after.value) open.push_back({id});
  }
  std::sort(open.begin(), open.end());
  const bool is_last = open.size() <= limits::kChunkRowsMax;
  if (!is_last) open.resize(limits::kChunkRowsMax);
  std::size_t room = limits::kChunkRowsMax;
  for (const EndpointId id : open) {
    if (const auto due_until = waited_since(context, id, retry_default)) {
      auto ended = context.store.expire_waiting(id, *due_until, context.now, room);
      if (ended) room -= ended->size();
      bool full = false;
      if (auto noted = note(context, std::move(ended), full); !noted) return noted;
      if (room == 0) break;
    }
    after = id;
  }
  more = room == 0 || !is_last;
  if (!more) after = {};
  return {};
}

Status sweep_deliveries(WriteContext& context, Millis hold_disabled, bool& more) {
  Store& store = context.store;
  const WallTime now = context.now;
  if (auto noted = note(context, store.expire(now, limits::kChunkRowsMax), more); !noted)
    return noted;
  auto held = store.expire_disabled(now - hold_disabled, now, limits::kChunkRowsMax);
  if (auto noted = note(context, std::move(held), more); !noted) return noted;
  return note(context, store.cancel_deleted(now, limits::kChunkRowsMax), more);
}

}  // namespace postrider
