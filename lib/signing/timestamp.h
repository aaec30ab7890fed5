// Parses and checks the timestamps of signatures as receivers do.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "signing/scheme.h"

namespace postrider::signing {

/// Reads Unix seconds. Fails with kInvalidArgument and a context that names `what`.
[[nodiscard]] Result<WallTime> parse_timestamp(std::string_view text, std::string_view what);

/// Fails with kInvalidArgument when the timestamp is older than the receiver tolerates.
[[nodiscard]] Status check_not_old(
    WallTime signed_at, const Received& received, std::string_view what
);
/// Fails with kInvalidArgument when the timestamp is further from now, in either direction, than
/// the receiver tolerates.
[[nodiscard]] Status check_near(
    WallTime signed_at, const Received& received, std::string_view what
);

}  // namespace postrider::signing
