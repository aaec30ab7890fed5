// Signature schemes of several providers: an HMAC of the body in a header.
#pragma once

#include "crypto/hash.h"
#include "signing/text_secret.h"

namespace postrider::signing {

enum class TextEncoding : std::uint8_t { kHex, kBase64 };

/// A header whose value is `prefix` followed by the HMAC of the body as text.
struct HmacHeader {
  std::string_view name;  ///< in the spelling that is sent
  crypto::HashKind hash = crypto::HashKind::kSha256;
  std::string_view prefix{};
  TextEncoding encoding = TextEncoding::kHex;

  [[nodiscard]] std::string value(std::string_view secret, std::string_view body) const;
  /// Fails with kInvalidArgument unless the request has that header with this value.
  [[nodiscard]] Status check(std::string_view secret, const Received& received) const;
};

/// The secret is any text, and its bytes are the key. There is one signature. There is no
/// timestamp, so no request is ever too old.
struct BodyHmacFormat {
  std::string_view scheme;
  std::span<const MemberRule> member_rules;
  HmacHeader header;
  /// Adds the other headers that the provider's receivers read.
  void (*describe)(const Message& message, const SignatureMembers& members, Headers& headers);
  /// Adds further signatures; null when there are none.
  void (*countersign
  )(std::string_view secret,
    std::string_view body,
    const SignatureMembers& members,
    Headers& headers) = nullptr;
};

class BodyHmac final : public TextSecretScheme {
 public:
  explicit BodyHmac(const BodyHmacFormat& format) : format_(format) {}

  [[nodiscard]] std::string_view name() const override { return format_.scheme; }
  [[nodiscard]] std::span<const MemberRule> member_rules() const override {
    return format_.member_rules;
  }
  [[nodiscard]] Result<Signed> sign(
      std::span<const std::string_view> secrets,
      const Message& message,
      const SignatureMembers& members
  ) const override;
  [[nodiscard]] Status verify(
      std::string_view key, const Received& received, const SignatureMembers& members
  ) const override;

 private:
  const BodyHmacFormat format_;
};

}  // namespace postrider::signing
