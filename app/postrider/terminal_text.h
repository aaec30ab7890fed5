// Text from outside for a terminal: what it may contain and how wide it is. Wraps utf8proc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postrider::cli {

/// Text as it is, but control characters, characters that reorder text (bidi) and bytes that are
/// not UTF-8 as \n, \t, \xNN or \uNNNN: no received text reaches the terminal as a control sequence
/// or shows itself in another order than it has.
[[nodiscard]] std::string printable(std::string_view bytes);

/// Valid JSON text with the same characters as \uNNNN. White space between tokens must have been
/// removed.
[[nodiscard]] std::string printable_json(std::string_view json);

/// Columns of a terminal that printable text takes: 2 for wide characters (East Asian, emoji), 0
/// for combining marks.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// Printable text, cut to `width` columns. What was cut is shown by "...".
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t width);
/// The same, but cut in the middle: the beginning and the end of a URL tell it from others.
[[nodiscard]] std::string cut_middle_to_width(std::string_view text, std::size_t width);

}  // namespace postrider::cli
