// These functions change deliveries as people ask for it. They run inside a transaction.
#pragma once

#include <optional>
#include <vector>

#include "service/filtering.h"
#include "service/write_context.h"

namespace postrider {

[[nodiscard]] Result<Delivery> retry_delivery(WriteContext& context, DeliveryId id);
[[nodiscard]] Result<Delivery> cancel_delivery(WriteContext& context, DeliveryId id);
/// Returns kConflict unless the delivery is a dead letter. Other final deliveries are replayed with
/// replay_event().
[[nodiscard]] Result<Delivery> replay_dead_letter(WriteContext& context, DeliveryId id);
[[nodiscard]] Result<Delivery> discard_dead_letter(WriteContext& context, DeliveryId id);

/// Creates a delivery for each endpoint that wants the event and has none, and replays final
/// deliveries; if `only` is given, for this endpoint only. Returns the deliveries that are now
/// pending. Returns kConflict if the event has expired, or if the delivery of `only` cannot be
/// replayed. Returns filters_first(), having changed nothing, if filters have to run first.
[[nodiscard]] Result<std::vector<Delivery>> replay_event(
    WriteContext& context, EventId id, std::optional<EndpointId> only, Filtering& filtering
);

/// Runs one chunk of a task. The task's progress is committed with the chunk, so a restart
/// continues after it.
[[nodiscard]] Result<Task> step_task(WriteContext& context, TaskId id);

}  // namespace postrider
