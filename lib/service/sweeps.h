// Deliveries that end although nobody sent them.
#pragma once

#include "service/write_context.h"

namespace postrider {

/// Ends a chunk of what has expired, of what has waited longer than `hold_disabled` for a disabled
/// endpoint, and of what waits for deleted ones. Sets `more` when a chunk was full.
[[nodiscard]] Status sweep_deliveries(WriteContext& context, Millis hold_disabled, bool& more);

/// Ends what has waited behind an open circuit for as long as its schedule is long, and for at
/// least an hour: from when it was due, the circuit opened, or the endpoint last changed its state,
/// whatever was last. Looks at a chunk of endpoints behind `after` and moves it; `more` while there
/// are others or a chunk of deliveries was full.
[[nodiscard]] Status sweep_circuits(
    WriteContext& context, const RetryPolicy& retry_default, EndpointId& after, bool& more
);

}  // namespace postrider
