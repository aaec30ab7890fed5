// These functions change which endpoints this node sends for.
#pragma once

#include "service/write_context.h"

namespace postrider {

/// Begins to send for the endpoints of `partitions`, which the node owns. Partitions that it
/// already sends for do not change. Before anything is sent, earlier requests are counted against
/// rate limits: requests that are recorded, and, as sent at `mono_now`, requests that may have been
/// in flight when the previous owner ended. The count is written, so that it survives a crash of
/// this process.
[[nodiscard]] Status adopt(WriteContext& context, const Partitions& partitions, MonoTime mono_now);

/// Stops sending for `partitions`. The node owns them until requests in flight are settled.
void abandon(WriteContext& context, const Partitions& partitions);

}  // namespace postrider
