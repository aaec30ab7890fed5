// `destination` of an endpoint, as JSON.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "domain/destination.h"
#include "domain/endpoint_json.h"
#include "domain/field_error.h"

namespace postrider {

/// Reads an object with a `type` and the members of that type. Nulls are left out. `check_url`
/// says whether the URL of a token endpoint may be asked. Of a key file the members that matter
/// are read, the rest of it is not looked at.
[[nodiscard]] Destination parse_destination(
    const nlohmann::json& value,
    const UrlCheck& check_url,
    const std::string& pointer,
    FieldErrors& errors
);

/// For the database, or for answers: those show every member of the type.
enum class Secrets : std::uint8_t { kShown, kMasked };

[[nodiscard]] nlohmann::json destination_json(const Destination& destination, Secrets secrets);

}  // namespace postrider
