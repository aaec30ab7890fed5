// What a schema may hold, for schema.cc alone.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"

namespace postrider::json {

/// Checks `schema` against the bounds that schema.h promises and takes out what is only annotation,
/// so that a recursive validator can be let loose with it.
[[nodiscard]] Status check_schema(nlohmann::json& schema);

}  // namespace postrider::json
