// Secrets whose text is the key.
#pragma once

#include <string>
#include <string_view>

#include "signing/scheme.h"

namespace postrider::signing {

/// Fails with kInvalidArgument unless the secret is 1 to 256 bytes without control characters.
[[nodiscard]] Status check_text_secret(std::string_view secret);

/// A base for schemes with such secrets. It generates 32 random bytes in hexadecimal.
class TextSecretScheme : public Scheme {
 public:
  /// Generated secrets begin with `secret_prefix`.
  explicit TextSecretScheme(std::string_view secret_prefix = {}) : secret_prefix_(secret_prefix) {}

  [[nodiscard]] std::string generate_secret() const final;
  [[nodiscard]] Status check_secret(std::string_view secret) const final {
    return check_text_secret(secret);
  }

 private:
  const std::string_view secret_prefix_;
};

}  // namespace postrider::signing
