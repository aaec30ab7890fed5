// The schemes of SendGrid and Discord: a key pair's signature over the timestamp and the body.
#pragma once

#include "crypto/keys.h"
#include "signing/scheme.h"

namespace postrider::signing {

/// How a provider encodes keys and signatures. There is no separator between the timestamp and the
/// body. No request is too old, as in the providers' libraries.
struct StampedKeyFormat {
  std::string_view scheme;
  std::string_view timestamp_header;
  std::string_view signature_header;
  crypto::KeyKind kind;
  Status (*check_secret)(std::string_view text);
  /// ^ Decodes a secret that passed check_secret.
  Result<crypto::PrivateKey> (*decode_secret)(std::string_view text);
  std::string (*encode_secret)(const crypto::PrivateKey& key);
  Result<crypto::PublicKey> (*decode_public_key)(std::string_view text);
  std::string (*encode_public_key)(const crypto::PublicKey& key);
  Result<std::string> (*decode_signature)(std::string_view text);
  std::string (*encode_signature)(std::string_view bytes);
};

class StampedKey final : public Scheme {
 public:
  explicit StampedKey(const StampedKeyFormat& format) : format_(format) {}

  [[nodiscard]] std::string_view name() const override { return format_.scheme; }
  [[nodiscard]] std::string generate_secret() const override;
  [[nodiscard]] Status check_secret(std::string_view secret) const override;
  [[nodiscard]] std::optional<std::string> public_key(std::string_view secret) const override;
  [[nodiscard]] Result<Signed> sign(
      std::span<const std::string_view> secrets,
      const Message& message,
      const SignatureMembers& members
  ) const override;
  [[nodiscard]] Status verify(
      std::string_view key, const Received& received, const SignatureMembers& members
  ) const override;

 private:
  const StampedKeyFormat format_;
};

}  // namespace postrider::signing
