#include "service/delivery_changes.h"

#include <utility>

#include "base/limits.h"
#include "service/transitions.h"

namespace postrider {
namespace {

/// Stores the changed delivery and publishes the change.
Result<Delivery> write(WriteContext& context, Result<Delivery> becomes) {
  if (!becomes) return becomes;
  if (auto changed = context.store.change_delivery(*becomes); !changed) {
    return tl::unexpected(std::move(changed).error());
  }
  context.effects.deliveries_changed.push_back(changed_delivery(*becomes));
  if (becomes->state == DeliveryState::kCancelled) ++context.effects.deliveries_cancelled;
  return becomes;
}

/// Requests a probe, so that a delivery that a person waits for is sent even while the circuit is
/// open.
Result<Delivery> send_first(WriteContext& context, Result<Delivery> delivery) {
  if (delivery) context.effects.probes.emplace_back(delivery->id, delivery->endpoint);
  return delivery;
}

/// Replays the endpoint's delivery of the event if it is final, or creates it if there is none.
/// Returns nothing if it is pending.
Result<std::optional<Delivery>> replay_for(
    WriteContext& context, const Event& event, const Endpoint& endpoint
) {
  auto found = context.store.find_delivery(event.id, endpoint.id);
  if (!found) return tl::unexpected(std::move(found).error());
  if (!*found) {
    auto added =
        context.store.add_delivery(event, {endpoint.id, endpoint.config.ordering}, context.now);
    if (!added) return tl::unexpected(std::move(added).error());
    context.effects.resync_endpoints.push_back(endpoint.id);
    auto delivery = context.store.delivery(added->id);
    if (!delivery) return tl::unexpected(std::move(delivery).error());
    return std::optional{std::move(*delivery)};
  }
  if ((*found)->state == DeliveryState::kPending) return std::optional<Delivery>{};
  auto replay = write(context, replayed(std::move(**found), &endpoint, context.now));
  if (!replay) return tl::unexpected(std::move(replay).error());
  return std::optional{std::move(*replay)};
}

/// Returns the targets without those whose filter failed, because a replay creates no dead letters.
std::vector<Target> wanting(Route to) {
  for (auto failed = to.failed.rbegin(); failed != to.failed.rend(); ++failed)
    to.targets.erase(to.targets.begin() + static_cast<std::ptrdiff_t>(failed->first));
  return std::move(to.targets);
}

/// Applies the task to one row. Leaves a row that does not allow it unchanged and counts it as
/// skipped.
Status step_row(WriteContext& context, Task& task, const Delivery& row) {
  const auto endpoint = context.routing.find(row.endpoint);
  auto becomes = task.kind == TaskKind::kDiscardDeadLetters
                     ? discarded(row)
                     : replayed(row, endpoint.get(), context.now);
  if (!becomes) {
    ++task.skipped;
    return {};
  }
  if (auto changed = context.store.change_delivery(*becomes); !changed) return changed;
  ++task.done;
  if (becomes->state != DeliveryState::kPending) return {};
  // A lane reads all unordered deliveries of a chunk at once. For ordered ones it has to know their
  // ordering keys.
  if (row.lane_key) {
    context.effects.deliveries_changed.push_back(changed_delivery(row));
  } else {
    context.effects.resync_endpoints.push_back(row.endpoint);
  }
  return {};
}

}  // namespace

Result<Delivery> retry_delivery(WriteContext& context, DeliveryId id) {
  auto delivery = context.store.delivery(id);
  if (!delivery) return delivery;
  return send_first(context, write(context, retried(std::move(*delivery), context.now)));
}

Result<Delivery> cancel_delivery(WriteContext& context, DeliveryId id) {
  auto delivery = context.store.delivery(id);
  if (!delivery) return delivery;
  return write(context, cancelled(std::move(*delivery), context.now));
}

Result<Delivery> replay_dead_letter(WriteContext& context, DeliveryId id) {
  auto delivery = context.store.delivery(id);
  if (!delivery) return delivery;
  if (delivery->state != DeliveryState::kDead && delivery->state != DeliveryState::kPending) {
    return fail(Errc::kConflict, "the delivery is not a dead letter");
  }
  const auto endpoint = context.routing.find(delivery->endpoint);
  return send_first(
      context, write(context, replayed(std::move(*delivery), endpoint.get(), context.now))
  );
}

Result<Delivery> discard_dead_letter(WriteContext& context, DeliveryId id) {
  auto delivery = context.store.delivery(id);
  if (!delivery) return delivery;
  return write(context, discarded(std::move(*delivery)));
}

Result<std::vector<Delivery>> replay_event(
    WriteContext& context, EventId id, std::optional<EndpointId> only, Filtering& filtering
) {
  auto event = context.store.event(id);
  if (!event) return tl::unexpected(std::move(event).error());
  if (auto alive = not_expired(event->expires_at, context.now); !alive)
    return tl::unexpected(std::move(alive).error());
  std::vector<Target> targets;
  if (!only) {
    auto to = route(context.routing, 0, *event, event->created_at, filtering);
    if (!to) return filters_first();
    targets = wanting(std::move(*to));
  } else {
    const auto endpoint = context.routing.find(*only);
    if (!endpoint || endpoint->tenant != event->tenant)
      return fail(Errc::kNotFound, "no such endpoint");
    if (endpoint->state == EndpointState::kDisabled) {
      return fail(Errc::kConflict, "the endpoint is disabled; resume it first");
    }
    targets = {{*only, endpoint->config.ordering}};
  }
  std::vector<Delivery> pending;
  for (const Target& target : targets) {
    const auto endpoint = context.routing.find(target.endpoint);
    if (endpoint->state == EndpointState::kDisabled) continue;
    auto replay = replay_for(context, *event, *endpoint);
    // Without `only`, deliveries that cannot be replayed are skipped, such as discarded dead
    // letters.
    if (!replay && replay.error().code == Errc::kConflict && !only) continue;
    if (!replay) return tl::unexpected(std::move(replay).error());
    if (*replay) {
      pending.push_back(std::move(**replay));
    } else if (only) {
      return fail(Errc::kConflict, "the delivery is pending already");
    }
  }
  return pending;
}

Result<Task> step_task(WriteContext& context, TaskId id) {
  auto task = context.store.task(id);
  if (!task || task->state != TaskState::kRunning) return task;
  auto chunk = context.store.dead_letters_from(task->filter, limits::kChunkRowsMax, task->cursor);
  if (!chunk) return tl::unexpected(std::move(chunk).error());
  for (const auto& row : chunk->rows) {
    if (auto stepped = step_row(context, *task, row); !stepped) {
      return tl::unexpected(std::move(stepped).error());
    }
  }
  if (chunk->done) task->state = TaskState::kDone;
  task->updated_at = context.now;
  if (auto put = context.store.put_task(*task); !put) {
    return tl::unexpected(std::move(put).error());
  }
  return task;
}

}  // namespace postrider
