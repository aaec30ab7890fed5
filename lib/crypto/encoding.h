// Bytes as text and back: base64 and hexadecimal.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace postrider::crypto {

/// RFC 4648 §4: standard alphabet, with padding.
[[nodiscard]] std::string base64_encode(std::string_view bytes);

/// Takes exactly what base64_encode makes: padding required, no white space, unused bits zero.
[[nodiscard]] Result<std::string> base64_decode(std::string_view text);

/// RFC 4648 §5: the alphabet for URLs, without padding.
[[nodiscard]] std::string base64url_encode(std::string_view bytes);

/// Takes exactly what base64url_encode makes: no padding, no white space, unused bits zero.
[[nodiscard]] Result<std::string> base64url_decode(std::string_view text);

/// Lower-case.
[[nodiscard]] std::string hex_encode(std::string_view bytes);

/// Either case, an even number of digits, nothing else.
[[nodiscard]] Result<std::string> hex_decode(std::string_view text);

}  // namespace postrider::crypto
