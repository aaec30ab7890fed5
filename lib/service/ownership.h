// Which endpoints this node sends for.
#pragma once

#include "service/write_context.h"

namespace postrider {

/// Begins to send for the endpoints of those partitions, which are the node's own; of those that it
/// does so already nothing changes. Counts what was sent before against their rate limits, before
/// anything is sent: what is recorded, and as sent at `mono_now` what may have been in flight when
/// whoever sent for them ended. Written, so that it counts on when this process ends soon, too.
[[nodiscard]] Status adopt(WriteContext& context, const Partitions& partitions, MonoTime mono_now);

/// Sends nothing more for them. They stay the node's own until what is in flight is settled.
void abandon(WriteContext& context, const Partitions& partitions);

}  // namespace postrider
