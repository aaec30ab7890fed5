#include "signing/mailgun.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "signing/text_secret.h"
#include "signing/timestamp.h"

namespace postrider::signing {
namespace {

constexpr std::size_t kTokenLength = 50;

std::string signature_of(
    std::string_view secret, std::string_view timestamp, std::string_view token
) {
  return crypto::hex_encode(crypto::hmac_sha256(secret, {timestamp, token}));
}

/// The token cannot be predicted without the secret, and it differs between attempts, because
/// receivers accept a token only once.
std::string token_of(std::string_view secret, const Message& message) {
  const std::string attempt = fmt::format("token.{}.{}", message.timestamp_s, message.attempt);
  const std::string code = crypto::hmac_sha256(secret, {attempt, ".", message.delivery_id});
  return crypto::hex_encode(code).substr(0, kTokenLength);
}

class Mailgun final : public TextSecretScheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "mailgun"; }

  [[nodiscard]] Result<Signed> sign(
      std::span<const std::string_view> secrets,
      const Message& message,
      const SignatureMembers& /*members*/
  ) const override {
    const std::string_view secret = held_secret(secrets);
    const std::string timestamp = std::to_string(message.timestamp_s);
    const std::string token = token_of(secret, message);
    return Signed{
        .headers = identify(message),
        .body = fmt::format(
            R"({{"signature":{{"timestamp":"{}","token":"{}","signature":"{}"}},"event-data":{}}})",
            timestamp,
            token,
            signature_of(secret, timestamp, token),
            message.body
        )};
  }

  /// Does not check for repeated tokens: the receiver has to remember them.
  [[nodiscard]] Status verify(
      std::string_view key, const Received& received, const SignatureMembers& /*members*/
  ) const override {
    if (auto fits = check_secret(key); !fits) return fits;
    const auto body = nlohmann::json::parse(received.body, nullptr, false);
    const auto member = [&](const char* name) -> std::string {
      if (!body.is_object() || !body.contains("signature")) return {};
      const auto& signature = body["signature"];
      if (!signature.is_object() || !signature.contains(name)) return {};
      const auto* text = signature[name].get_ptr<const std::string*>();
      return text == nullptr ? std::string{} : *text;
    };
    const std::string timestamp = member("timestamp");
    const std::string token = member("token");
    const std::string signature = member("signature");
    if (timestamp.empty() || token.empty() || signature.empty())
      return fail(
          Errc::kInvalidArgument, "signature is missing in the body, or one of its members"
      );
    const auto signed_at = parse_timestamp(timestamp, "signature.timestamp");
    if (!signed_at) return tl::unexpected<Error>(signed_at.error());
    if (!crypto::constant_time_equal(signature, signature_of(key, timestamp, token)))
      return fail(Errc::kInvalidArgument, "signature.signature does not match");
    return check_near(*signed_at, received, "signature.timestamp");
  }
};

}  // namespace

const Scheme& mailgun() {
  static const Mailgun kScheme;
  return kScheme;
}

}  // namespace postrider::signing
