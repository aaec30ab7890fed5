// Reads and writes the `destination` member of an endpoint.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "domain/destination.h"
#include "domain/endpoint_json.h"
#include "domain/field_error.h"

namespace postrider {

/// Reads an object with a `type` and the members of that type. Members that are null are ignored.
/// `check_url` says whether requests may be sent to the URL of a token endpoint. Only the members
/// of ServiceAccount are read from a key file; other members of it are ignored.
[[nodiscard]] Destination parse_destination(
    const nlohmann::json& value,
    const UrlCheck& check_url,
    const std::string& pointer,
    FieldErrors& errors
);

/// kShown is for the database. kMasked is for API responses: it writes every member of the type and
/// masks secrets.
enum class Secrets : std::uint8_t { kShown, kMasked };

[[nodiscard]] nlohmann::json destination_json(const Destination& destination, Secrets secrets);

}  // namespace postrider
