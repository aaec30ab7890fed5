// Text for people out of JSON, within the limits of chats.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::destinations {

/// How many of the units in which Slack and Discord count: UTF-16 code units. Of well-formed UTF-8.
[[nodiscard]] std::size_t text_length(std::string_view text);

/// The text, or as much of its beginning as is `length_max` long together with the mark that says
/// that something is missing. Never cuts a character.
[[nodiscard]] std::string cut(std::string_view text, std::size_t length_max);

/// One line of a message: a name, empty for what has none, and a value.
using Line = std::pair<std::string, std::string>;

/// `data` of an event as lines: the members of an object, strings without their quotes, all else as
/// its JSON in one line. Long values, and lines beyond the first twenty, are cut with the mark.
[[nodiscard]] std::vector<Line> readable_lines(std::string_view data);

}  // namespace postrider::destinations
