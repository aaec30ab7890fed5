#include "signing/standard.h"

#include <cstddef>

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "signing/standard_headers.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kKeyBytesMin = 24;
constexpr std::size_t kKeyBytesMax = 64;
constexpr std::size_t kKeyBytesGenerated = 32;
constexpr std::string_view kVersion = "v1,";

Result<std::string> decode_secret(std::string_view secret) {
  if (!secret.starts_with(kSecretPrefix)) {
    return fail(Errc::kInvalidArgument, "secret must begin with whsec_");
  }
  auto key = crypto::base64_decode(secret.substr(kSecretPrefix.size()));
  if (!key) return fail(Errc::kInvalidArgument, "secret must be padded base64 after whsec_");
  if (key->size() < kKeyBytesMin || key->size() > kKeyBytesMax) {
    return fail(Errc::kInvalidArgument, "secret must hold 24 to 64 bytes after whsec_");
  }
  return key;
}

class Standard final : public StandardHeaders {
 public:
  using StandardHeaders::StandardHeaders;

  [[nodiscard]] std::string generate_secret() const override {
    std::string secret{kSecretPrefix};
    secret += crypto::base64_encode(crypto::random_bytes(kKeyBytesGenerated));
    return secret;
  }

  [[nodiscard]] Status check_secret(std::string_view secret) const override {
    const auto key = decode_secret(secret);
    if (!key) return tl::unexpected<Error>(key.error());
    return {};
  }

 private:
  static std::string entry_of(std::string_view key, const Content& content) {
    std::string text{kVersion};
    text += crypto::base64_encode(
        crypto::hmac_sha256(key, {content.id, ".", content.timestamp, ".", content.body})
    );
    return text;
  }

  [[nodiscard]] Result<std::string> entry(std::string_view secret, const Content& content)
      const override {
    const auto key = decode_secret(secret);
    if (!key) return tl::unexpected<Error>(key.error());
    return entry_of(*key, content);
  }

  [[nodiscard]] Result<bool> has_entry_of(
      std::string_view key, std::span<const std::string_view> entries, const Content& content
  ) const override {
    const auto bytes = decode_secret(key);
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    const std::string expected = entry_of(*bytes, content);
    bool found = false;
    for (const std::string_view one : entries)
      found = crypto::constant_time_equal(one, expected) || found;
    return found;
  }
};

}  // namespace

const Scheme& standard() {
  static const Standard kScheme{
      {"standard", "webhook-id", "webhook-timestamp", "webhook-signature"}};
  return kScheme;
}

const Scheme& svix() {
  static const Standard kScheme{{"svix", "svix-id", "svix-timestamp", "svix-signature"}};
  return kScheme;
}

}  // namespace postrider::signing
