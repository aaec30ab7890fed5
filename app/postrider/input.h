// Arguments that may come from a file or from standard input.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace postrider::cli {

/// `-` is all of `in`, `@name` a file's bytes, anything else the text itself.
[[nodiscard]] Result<std::string> read_argument(std::string_view argument, std::istream& in);

/// The two parts of `Name: value`, as --header takes it.
[[nodiscard]] Result<std::pair<std::string, std::string>> parse_header(const std::string& header);

/// kInvalidArgument naming `what` and the place unless `text` is one JSON value.
[[nodiscard]] Status check_json(std::string_view text, std::string_view what);

}  // namespace postrider::cli
