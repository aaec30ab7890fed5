// Encodes bytes as text and decodes them: base64 and hexadecimal.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace postrider::crypto {

/// Encodes by RFC 4648 §4: standard alphabet, with padding.
[[nodiscard]] std::string base64_encode(std::string_view bytes);

/// Accepts only what base64_encode() returns: padding required, no white space, unused bits zero.
[[nodiscard]] Result<std::string> base64_decode(std::string_view text);

/// Encodes by RFC 4648 §5: URL-safe alphabet, without padding.
[[nodiscard]] std::string base64url_encode(std::string_view bytes);

/// Accepts only what base64url_encode() returns: no padding, no white space, unused bits zero.
[[nodiscard]] Result<std::string> base64url_decode(std::string_view text);

/// Returns lower-case digits.
[[nodiscard]] std::string hex_encode(std::string_view bytes);

/// Accepts digits of either case. The number of digits must be even.
[[nodiscard]] Result<std::string> hex_decode(std::string_view text);

}  // namespace postrider::crypto
