// Makes external text safe for a terminal and measures its width. Wraps utf8proc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postrider::cli {

/// Returns the text with control characters, characters that reorder text (bidi) and bytes that are
/// not UTF-8 escaped as \n, \t, \xNN or \uNNNN. So received text cannot send control sequences to
/// the terminal or appear in another order.
[[nodiscard]] std::string printable(std::string_view bytes);

/// Returns valid JSON text with these characters escaped as \uNNNN. White space between tokens must
/// have been removed before.
[[nodiscard]] std::string printable_json(std::string_view json);

/// Returns the number of terminal columns of printable text: 2 for wide characters (East Asian,
/// emoji), 0 for combining marks.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// Cuts printable text to `width` columns. "..." marks the missing part.
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t width);
/// Cuts printable text to `width` columns in the middle: the beginning and the end of a URL
/// distinguish it from others.
[[nodiscard]] std::string cut_middle_to_width(std::string_view text, std::size_t width);

}  // namespace postrider::cli
