// What a process has to know of the one before it.
#pragma once

#include "service/write_context.h"

namespace postrider {

/// Counts what the process before has sent against the rate limits, before anything is sent: what
/// it recorded, and as sent at `mono_now` what it may have had in flight when it ended. Written, so
/// that it counts on when this process ends soon, too.
[[nodiscard]] Status count_sends_of_last_process(
    WriteContext& context, std::int64_t boot, MonoTime mono_now
);

}  // namespace postrider
