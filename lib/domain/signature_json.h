// Reads and writes the `signature` member of an endpoint.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "domain/field_error.h"
#include "domain/signature.h"

namespace postrider {

/// Reads an object with a `scheme` and members that are strings or booleans; nulls are ignored.
/// lib/signing checks which members the scheme has.
[[nodiscard]] Signature parse_signature(
    const nlohmann::json& value, const std::string& pointer, FieldErrors& errors
);

[[nodiscard]] nlohmann::json signature_json(const Signature& signature);

}  // namespace postrider
