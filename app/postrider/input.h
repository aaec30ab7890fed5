// Reads arguments that may come from a file or from standard input.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace postrider::cli {

/// Reads an argument: `-` is all of `in`, `@name` is a file's bytes, and any other text is itself.
[[nodiscard]] Result<std::string> read_argument(std::string_view argument, std::istream& in);

/// Returns the two parts of `Name: value`, the form of --header.
[[nodiscard]] Result<std::pair<std::string, std::string>> parse_header(const std::string& header);

/// Fails with kInvalidArgument, with `what` and the position of the error, unless `text` is one
/// JSON value.
[[nodiscard]] Status check_json(std::string_view text, std::string_view what);

}  // namespace postrider::cli
