#include "app/postrider/terminal_text.h"

#include <array>

#include <fmt/format.h>
#include <utf8proc.h>

#include "json/utf8.h"

namespace postrider::cli {
namespace {

constexpr std::string_view kCut = "...";

/// One character of a text, or a byte that is not UTF-8.
struct Character {
  std::string_view bytes;
  int code_point = -1;  ///< -1: not UTF-8

  [[nodiscard]] bool valid() const { return code_point >= 0; }
};

Character first_character(std::string_view text) {
  const std::size_t length = json::utf8_length(text);
  if (length == 0) return {.bytes = text.substr(0, 1)};
  constexpr std::array<unsigned, 4> kLeadBits{0x7f, 0x1f, 0x0f, 0x07};
  const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned code_point = byte_at(0) & kLeadBits.at(length - 1);
  for (std::size_t i = 1; i < length; ++i) code_point = code_point << 6U | (byte_at(i) & 0x3fU);
  return {.bytes = text.substr(0, length), .code_point = static_cast<int>(code_point)};
}

bool is_control(int c) { return c < 0x20 || (c >= 0x7f && c <= 0x9f); }

/// The characters that change the direction of the text around them.
bool is_bidi_control(int c) {
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
         c == 0x200f || c == 0x061c;
}

std::string escaped(const Character& character) {
  if (!character.valid() || character.code_point < 0x80) {
    if (character.code_point == '\n') return "\\n";
    if (character.code_point == '\t') return "\\t";
    return fmt::format("\\x{:02x}", static_cast<unsigned char>(character.bytes.front()));
  }
  return fmt::format("\\u{:04x}", character.code_point);
}

std::size_t width_of(const Character& character) {
  if (!character.valid()) return 1;
  const int width = utf8proc_charwidth(character.code_point);
  return width > 0 ? static_cast<std::size_t>(width) : 0;
}

/// Returns the longest beginning that fits `width` columns. Combining marks stay with their
/// character.
std::string_view beginning_of(std::string_view text, std::size_t width) {
  std::size_t kept = 0;
  while (kept < text.size()) {
    const Character next = first_character(text.substr(kept));
    if (width_of(next) > width) break;
    width -= width_of(next);
    kept += next.bytes.size();
  }
  return text.substr(0, kept);
}

/// Returns the longest end that fits `width` columns.
std::string_view end_of(std::string_view text, std::size_t width) {
  std::size_t rest = display_width(text);
  while (!text.empty()) {
    const Character next = first_character(text);
    // A combining mark is dropped with its character.
    if (rest <= width && width_of(next) > 0) break;
    rest -= width_of(next);
    text.remove_prefix(next.bytes.size());
  }
  return text;
}

}  // namespace

std::string printable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const Character next = first_character(bytes);
    bytes.remove_prefix(next.bytes.size());
    const bool harmless =
        next.valid() && !is_control(next.code_point) && !is_bidi_control(next.code_point);
    if (harmless) {
      out += next.bytes;
    } else {
      out += escaped(next);
    }
  }
  return out;
}

std::string printable_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const Character next = first_character(json);
    json.remove_prefix(next.bytes.size());
    if (!next.valid()) {
      out += "\\ufffd";
    } else if (is_control(next.code_point) || is_bidi_control(next.code_point)) {
      out += fmt::format("\\u{:04x}", next.code_point);
    } else {
      out += next.bytes;
    }
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character next = first_character(text);
    text.remove_prefix(next.bytes.size());
    width += width_of(next);
  }
  return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width <= kCut.size()) return std::string(kCut.substr(0, width));
  return std::string(beginning_of(text, width - kCut.size())) + std::string(kCut);
}

std::string cut_middle_to_width(std::string_view text, std::size_t width) {
  if (display_width(text) <= width || width <= kCut.size()) return cut_to_width(text, width);
  const std::size_t left = width - kCut.size();
  const std::string_view end = end_of(text, left / 2);
  return std::string(beginning_of(text, left - left / 2)) + std::string(kCut) + std::string(end);
}

}  // namespace postrider::cli
