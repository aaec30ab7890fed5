// Which request headers the owner of an endpoint may add.
#pragma once

#include <string_view>

#include "domain/field_error.h"

namespace postrider {

/// Adds to `errors` under `pointer` what is wrong with a header: its name is not a token of RFC
/// 9110 or belongs to the connection or to us, or its value is empty, too long or not printable
/// ASCII. Never echoes the value.
void check_header(
    std::string_view name, std::string_view value, std::string_view pointer, FieldErrors& errors
);

/// Whether two header names are the same to HTTP.
[[nodiscard]] bool same_header_name(std::string_view a, std::string_view b);

/// Whether values of this header are likely to be credentials: they are never shown again.
[[nodiscard]] bool is_write_only_header(std::string_view name);

}  // namespace postrider
