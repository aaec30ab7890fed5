// The instants that signatures hold, as receivers read them.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "signing/scheme.h"

namespace postrider::signing {

/// Unix seconds. kInvalidArgument names `what`.
[[nodiscard]] Result<WallTime> parse_timestamp(std::string_view text, std::string_view what);

/// kInvalidArgument when it is older than the receiver tolerates.
[[nodiscard]] Status check_not_old(
    WallTime signed_at, const Received& received, std::string_view what
);
/// Likewise, and when it is further ahead.
[[nodiscard]] Status check_near(
    WallTime signed_at, const Received& received, std::string_view what
);

}  // namespace postrider::signing
