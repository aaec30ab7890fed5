// `signature` of an endpoint, as JSON.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "domain/field_error.h"
#include "domain/signature.h"

namespace postrider {

/// Reads the shape alone: an object of a `scheme` and of strings and booleans; nulls are left out.
/// Which of them a scheme has is lib/signing's to say.
[[nodiscard]] Signature parse_signature(
    const nlohmann::json& value, const std::string& pointer, FieldErrors& errors
);

[[nodiscard]] nlohmann::json signature_json(const Signature& signature);

}  // namespace postrider
