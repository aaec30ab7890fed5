// Secrets whose bytes, as they are written, are the key.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace postrider::signing {

/// kInvalidArgument unless it is 1 to 256 bytes without control characters.
[[nodiscard]] Status check_text_secret(std::string_view secret);

/// `prefix` and 32 bytes in hexadecimal that nobody can guess.
[[nodiscard]] std::string generate_text_secret(std::string_view prefix = {});

}  // namespace postrider::signing
