// ASCII characters, independent of the locale.
#pragma once

namespace postrider {

/// Whether the character is in the range from space to tilde.
[[nodiscard]] constexpr bool is_printable_ascii(char c) { return c >= 0x20 && c < 0x7f; }

[[nodiscard]] constexpr char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace postrider
