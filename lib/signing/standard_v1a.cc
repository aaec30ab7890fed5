#include "signing/standard_v1a.h"

#include <algorithm>

#include "crypto/encoding.h"
#include "crypto/keys.h"
#include "signing/standard_headers.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kSecretPrefix = "whsk_";
constexpr std::string_view kPublicPrefix = "whpk_";
constexpr std::string_view kVersion = "v1a,";
constexpr std::string_view kWrongSecret =
    "secret must be whsk_ and the padded base64 of an Ed25519 key: its 32-byte seed, with the "
    "32-byte "
    "public key after it or without";

Result<crypto::PrivateKey> decode_secret(std::string_view secret) {
  const auto refuse = [] { return fail(Errc::kInvalidArgument, std::string{kWrongSecret}); };
  if (!secret.starts_with(kSecretPrefix)) return refuse();
  const auto bytes = crypto::base64_decode(secret.substr(kSecretPrefix.size()));
  if (!bytes || bytes->size() % crypto::kEd25519KeyBytes != 0) return refuse();
  const std::string_view seed = std::string_view{*bytes}.substr(0, crypto::kEd25519KeyBytes);
  const std::string_view rest = std::string_view{*bytes}.substr(seed.size());
  auto key = crypto::PrivateKey::from_seed(seed);
  if (!key || (!rest.empty() && rest != key->public_key().raw())) return refuse();
  return key;
}

Result<crypto::PublicKey> decode_public_key(std::string_view key) {
  const auto bytes = key.starts_with(kPublicPrefix)
                         ? crypto::base64_decode(key.substr(kPublicPrefix.size()))
                         : Result<std::string>{};
  auto decoded = crypto::PublicKey::from_raw(bytes ? *bytes : std::string{});
  if (decoded) return decoded;
  return fail(Errc::kInvalidArgument, "public key must be whpk_ and the padded base64 of 32 bytes");
}

std::string signed_text(const StandardHeaders::Content& content) {
  std::string text;
  text.reserve(content.id.size() + content.timestamp.size() + content.body.size() + 2);
  text.append(content.id).append(".").append(content.timestamp).append(".").append(content.body);
  return text;
}

class StandardV1a final : public StandardHeaders {
 public:
  using StandardHeaders::StandardHeaders;

  [[nodiscard]] std::string generate_secret() const override {
    const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEd25519);
    std::string secret{kSecretPrefix};
    secret += crypto::base64_encode(key.seed() + key.public_key().raw());
    return secret;
  }

  [[nodiscard]] Status check_secret(std::string_view secret) const override {
    const auto key = decode_secret(secret);
    if (!key) return tl::unexpected<Error>(key.error());
    return {};
  }

  [[nodiscard]] std::optional<std::string> public_key(std::string_view secret) const override {
    const auto key = decode_secret(secret);
    if (!key) return std::nullopt;
    return std::string{kPublicPrefix} + crypto::base64_encode(key->public_key().raw());
  }

 private:
  [[nodiscard]] Result<std::string> entry(std::string_view secret, const Content& content)
      const override {
    const auto key = decode_secret(secret);
    if (!key) return tl::unexpected<Error>(key.error());
    return std::string{kVersion} + crypto::base64_encode(key->sign(signed_text(content)));
  }

  [[nodiscard]] Result<bool> has_entry_of(
      std::string_view key, std::span<const std::string_view> entries, const Content& content
  ) const override {
    const auto decoded = decode_public_key(key);
    if (!decoded) return tl::unexpected<Error>(decoded.error());
    const std::string text = signed_text(content);
    return std::any_of(entries.begin(), entries.end(), [&](std::string_view one) {
      if (!one.starts_with(kVersion)) return false;
      const auto signature = crypto::base64_decode(one.substr(kVersion.size()));
      return signature && decoded->verify(text, *signature);
    });
  }
};

}  // namespace

const Scheme& standard_v1a() {
  static const StandardV1a kScheme{
      {"standard-v1a", "webhook-id", "webhook-timestamp", "webhook-signature"}};
  return kScheme;
}

}  // namespace postrider::signing
