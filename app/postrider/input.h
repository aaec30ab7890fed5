// Arguments that may come from a file or from standard input.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "base/error.h"

namespace postrider::cli {

/// `-` is all of `in`, `@name` a file's bytes, anything else the text itself.
[[nodiscard]] Result<std::string> read_argument(std::string_view argument, std::istream& in);

/// kInvalidArgument naming `what` unless `json` is one JSON value.
[[nodiscard]] Status check_json(std::string_view json, std::string_view what);

}  // namespace postrider::cli
