// Reads and writes the `rate_limit` member of an endpoint.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "domain/endpoint.h"
#include "domain/field_error.h"

namespace postrider {

/// Reads a limit; both members are required. The result is valid only if no error was added.
[[nodiscard]] RateLimit parse_rate_limit(
    const nlohmann::json& object, const std::string& pointer, FieldErrors& errors
);

/// Returns a limit in the form of the API.
[[nodiscard]] nlohmann::json rate_limit_json(const RateLimit& rate);

}  // namespace postrider
