// Checks the limits of schemas. Private to schema.cc.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"

namespace postrider::json {

/// Checks `schema` against the limits in schema.h and removes annotations, so that a recursive
/// validator can process it safely.
[[nodiscard]] Status check_schema(nlohmann::json& schema);

}  // namespace postrider::json
