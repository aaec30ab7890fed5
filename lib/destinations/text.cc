#include "destinations/text.h"

#include <algorithm>

#include "json/raw_json.h"
#include "json/utf8.h"

namespace postrider::destinations {
namespace {

constexpr std::string_view kMark = "… (cut)";
constexpr std::size_t kMarkLength = 7;
constexpr std::size_t kLinesMax = 20;
constexpr std::size_t kNameMax = 100;
constexpr std::size_t kValueMax = 500;

/// Returns the bytes and the units of the first character. A byte that is not UTF-8 counts as a
/// character.
std::pair<std::size_t, std::size_t> first_character(std::string_view text) {
  const std::size_t bytes = std::max<std::size_t>(json::utf8_length(text), 1);
  return {bytes, bytes == 4 ? 2 : 1};
}

/// Returns the size in bytes of the longest beginning that is at most `length_max` units long.
std::size_t beginning(std::string_view text, std::size_t length_max) {
  std::size_t at = 0;
  std::size_t length = 0;
  while (at < text.size()) {
    const auto [bytes, units] = first_character(text.substr(at));
    if (length + units > length_max) break;
    at += bytes;
    length += units;
  }
  return at;
}

std::string readable(const json::RawValue& value) {
  const std::string text = value.kind == json::Kind::kString ? json::decode_string(value.text)
                                                             : json::minified(value.text);
  return cut(text, kValueMax);
}

}  // namespace

std::size_t text_length(std::string_view text) {
  std::size_t length = 0;
  while (!text.empty()) {
    const auto [bytes, units] = first_character(text);
    length += units;
    text.remove_prefix(bytes);
  }
  return length;
}

std::string cut(std::string_view text, std::size_t length_max) {
  if (beginning(text, length_max) == text.size()) return std::string{text};
  if (length_max <= kMarkLength) return std::string{text.substr(0, beginning(text, length_max))};
  return std::string{text.substr(0, beginning(text, length_max - kMarkLength))} +
         std::string{kMark};
}

std::vector<Line> readable_lines(std::string_view data) {
  const auto parsed = json::parse_raw(data, {.levels = 1, .values_max = kLinesMax + 2});
  if (!parsed) return {{"", cut(data, kValueMax)}};
  const json::RawValue& root = parsed->values.front();
  if (root.kind != json::Kind::kObject) return {{"", readable(root)}};
  std::vector<Line> lines;
  for (std::size_t i = 1; i < parsed->values.size() && lines.size() < kLinesMax; ++i) {
    const json::RawValue& member = parsed->values[i];
    lines.emplace_back(cut(member.key, kNameMax), readable(member));
  }
  if (root.count > lines.size()) lines.emplace_back("", kMark);
  return lines;
}

}  // namespace postrider::destinations
