// Secrets whose bytes, as they are written, are the key.
#pragma once

#include <string>
#include <string_view>

#include "signing/scheme.h"

namespace postrider::signing {

/// kInvalidArgument unless it is 1 to 256 bytes without control characters.
[[nodiscard]] Status check_text_secret(std::string_view secret);

/// A scheme with such secrets; new ones are 32 bytes in hexadecimal that nobody can guess.
class TextSecretScheme : public Scheme {
 public:
  /// `secret_prefix` stands before the secrets that it makes.
  explicit TextSecretScheme(std::string_view secret_prefix = {}) : secret_prefix_(secret_prefix) {}

  [[nodiscard]] std::string generate_secret() const final;
  [[nodiscard]] Status check_secret(std::string_view secret) const final {
    return check_text_secret(secret);
  }

 private:
  const std::string_view secret_prefix_;
};

}  // namespace postrider::signing
