// Characters of ASCII, whatever the locale is.
#pragma once

namespace postrider {

/// From the space to the tilde.
[[nodiscard]] constexpr bool is_printable_ascii(char c) { return c >= 0x20 && c < 0x7f; }

[[nodiscard]] constexpr char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace postrider
