// Reads the `retry` member of an endpoint.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "domain/field_error.h"
#include "domain/retry_policy.h"

namespace postrider {

/// Reads a policy. Members that are missing or null take the defaults of api.md; `delays_ms` takes
/// that of `default_policy` if that is a schedule. The result is valid only if no error was added.
[[nodiscard]] RetryPolicy parse_retry_policy(
    const nlohmann::json& object,
    const RetryPolicy& default_policy,
    std::string_view pointer,
    FieldErrors& errors
);

}  // namespace postrider
