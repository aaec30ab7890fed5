// Converts JSON to text for people, within the limits of chats.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::destinations {

/// Returns the length in UTF-16 code units, in which Slack and Discord count. `text` is well-formed
/// UTF-8.
[[nodiscard]] std::size_t text_length(std::string_view text);

/// Returns the text, or a beginning of it that is at most `length_max` long together with a mark
/// for the missing part. Never splits a character.
[[nodiscard]] std::string cut(std::string_view text, std::size_t length_max);

/// One line of a message: a name, which may be empty, and a value.
using Line = std::pair<std::string, std::string>;

/// Returns `data` of an event as lines. The members of an object are a line each; strings have no
/// quotes, other values are JSON in one line. Long values are truncated with a mark. Lines after
/// the first twenty are replaced by a mark.
[[nodiscard]] std::vector<Line> readable_lines(std::string_view data);

}  // namespace postrider::destinations
