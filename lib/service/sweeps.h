// Sweeps end deliveries without sending them.
#pragma once

#include "service/write_context.h"

namespace postrider {

/// Ends a chunk of each of these: expired deliveries, deliveries that have waited longer than
/// `hold_disabled` for a disabled endpoint, and deliveries of deleted endpoints. Sets `more` if a
/// chunk was full.
[[nodiscard]] Status sweep_deliveries(WriteContext& context, Millis hold_disabled, bool& more);

/// Ends deliveries of active endpoints of this node that have waited behind an open circuit for as
/// long as their retry schedule lasts, but at least an hour. The wait begins when the delivery was
/// due, the circuit opened, or the endpoint last changed its state, whichever was last. Checks a
/// chunk of endpoints with ids above `after` and advances `after`. Sets `more` if endpoints remain
/// or if the chunk of deliveries was full.
[[nodiscard]] Status sweep_circuits(
    WriteContext& context, const RetryPolicy& retry_default, EndpointId& after, bool& more
);

}  // namespace postrider
