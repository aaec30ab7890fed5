// Deliveries that end although nobody sent them.
#pragma once

#include "service/write_context.h"

namespace postrider {

/// Ends a chunk of what has expired, of what has waited longer than `hold_disabled` for a disabled
/// endpoint, and of what waits for deleted ones. Sets `more` when a chunk was full.
[[nodiscard]] Status sweep_deliveries(WriteContext& context, Millis hold_disabled, bool& more);

}  // namespace postrider
