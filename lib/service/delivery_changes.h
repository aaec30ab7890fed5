// Changes of deliveries that people ask for, made inside of a transaction.
#pragma once

#include <optional>
#include <vector>

#include "service/filtering.h"
#include "service/write_context.h"

namespace postrider {

[[nodiscard]] Result<Delivery> retry_delivery(WriteContext& context, DeliveryId id);
[[nodiscard]] Result<Delivery> cancel_delivery(WriteContext& context, DeliveryId id);
/// Only a dead letter; other final deliveries are replayed with their event.
[[nodiscard]] Result<Delivery> replay_dead_letter(WriteContext& context, DeliveryId id);
[[nodiscard]] Result<Delivery> discard_dead_letter(WriteContext& context, DeliveryId id);

/// Makes a delivery for each endpoint that wants the event now and has none, and replays those that
/// are final; `only` one endpoint when given (kConflict when that one cannot be). kConflict when
/// the event has expired. Returns the deliveries that are now pending. Ends with filters_first(),
/// having changed nothing, when filters have to say more.
[[nodiscard]] Result<std::vector<Delivery>> replay_event(
    WriteContext& context, EventId id, std::optional<EndpointId> only, Filtering& filtering
);

/// One chunk of a task. The task is written with the chunk, so a restart goes on behind it.
[[nodiscard]] Result<Task> step_task(WriteContext& context, TaskId id);

}  // namespace postrider
