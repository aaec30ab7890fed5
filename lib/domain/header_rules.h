// The rules for the request headers that the owner of an endpoint may add.
#pragma once

#include <string_view>

#include "domain/field_error.h"

namespace postrider {

/// Adds an error to `errors` under `pointer` if the name of a header is not a token of RFC 9110 or
/// is reserved for the connection or for Postrider, or if its value is empty, too long or not
/// printable ASCII. Never echoes the value.
void check_header(
    std::string_view name, std::string_view value, std::string_view pointer, FieldErrors& errors
);

/// Whether two header names are equal in HTTP, that is without regard to case.
[[nodiscard]] bool same_header_name(std::string_view a, std::string_view b);

/// Whether values of this header are likely to be credentials, which responses never show.
[[nodiscard]] bool is_write_only_header(std::string_view name);

}  // namespace postrider
