#include "signing/text_secret.h"

#include <algorithm>
#include <cstddef>

#include "crypto/encoding.h"
#include "crypto/random.h"

namespace postrider::signing {
namespace {

constexpr std::size_t kLengthMax = 256;
constexpr std::size_t kBytesGenerated = 32;

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

Status check_text_secret(std::string_view secret) {
  const bool fits = !secret.empty() && secret.size() <= kLengthMax &&
                    std::none_of(secret.begin(), secret.end(), is_control);
  if (fits) return {};
  return fail(
      Errc::kInvalidArgument, "secret must be 1 to 256 bytes of text without control characters"
  );
}

std::string TextSecretScheme::generate_secret() const {
  return std::string{secret_prefix_} + crypto::hex_encode(crypto::random_bytes(kBytesGenerated));
}

}  // namespace postrider::signing
