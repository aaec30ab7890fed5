// The `retry` member of an endpoint.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "domain/field_error.h"
#include "domain/retry_policy.h"

namespace postrider {

/// Reads a policy; members left out or null take api.md's values, `delays_ms` those of
/// `default_policy` when it is a schedule. The result counts only when no error was added.
[[nodiscard]] RetryPolicy parse_retry_policy(
    const nlohmann::json& object,
    const RetryPolicy& default_policy,
    std::string_view pointer,
    FieldErrors& errors
);

}  // namespace postrider
