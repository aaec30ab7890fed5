#include "signing/paypal.h"

#include <array>

#include <fmt/format.h>
#include <zlib.h>

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "signing/key_text.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kWebhookId = "webhook_id";
constexpr std::string_view kCertUrl = "cert_url";
constexpr std::array<MemberRule, 2> kRules = {{
    {.name = kWebhookId, .required = true},
    {.name = kCertUrl, .kind = MemberRule::Kind::kHttpsUrl, .required = true},
}};
constexpr std::string_view kIdHeader = "paypal-transmission-id";
constexpr std::string_view kTimeHeader = "paypal-transmission-time";
constexpr std::string_view kSignatureHeader = "paypal-transmission-sig";

Result<crypto::PrivateKey> decode_secret(std::string_view text) {
  return private_key_of_pem(crypto::KeyKind::kRsa, text);
}

std::string signed_text(
    std::string_view id, std::string_view time, std::string_view webhook_id, std::string_view body
) {
  const auto checksum = ::crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return fmt::format("{}|{}|{}|{}", id, time, webhook_id, checksum);
}

/// Returns a UUID-like id that is equal at every attempt of a delivery.
std::string transmission_id(const Message& message) {
  const std::string digits = crypto::hex_encode(crypto::sha256(message.delivery_id));
  const std::string_view text = digits;
  return fmt::format(
      "{}-{}-{}-{}-{}",
      text.substr(0, 8),
      text.substr(8, 4),
      text.substr(12, 4),
      text.substr(16, 4),
      text.substr(20, 12)
  );
}

/// Returns RFC 3339 with whole seconds.
std::string time_text(std::int64_t timestamp_s) {
  std::string text = to_rfc3339(from_unix_ms(timestamp_s * 1000));
  const std::size_t fraction = text.find('.');
  if (fraction != std::string::npos) text.replace(fraction, std::string::npos, "Z");
  return text;
}

class Paypal final : public Scheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "paypal"; }
  [[nodiscard]] std::span<const MemberRule> member_rules() const override { return kRules; }
  [[nodiscard]] std::string generate_secret() const override {
    return crypto::PrivateKey::generate(crypto::KeyKind::kRsa).pem();
  }
  [[nodiscard]] Status check_secret(std::string_view secret) const override {
    return check_private_key_of_pem(crypto::KeyKind::kRsa, secret);
  }
  [[nodiscard]] std::optional<std::string> public_key(std::string_view secret) const override {
    const auto key = decode_secret(secret);
    if (!key) return std::nullopt;
    return public_key_text(key->public_key());
  }

  [[nodiscard]] Result<Signed> sign(
      std::span<const std::string_view> secrets,
      const Message& message,
      const SignatureMembers& members
  ) const override {
    const auto key = decode_secret(held_secret(secrets));
    if (!key) return tl::unexpected<Error>(key.error());
    const std::string id = transmission_id(message);
    const std::string time = time_text(message.timestamp_s);
    const std::string text = signed_text(id, time, text_member(members, kWebhookId), message.body);
    Headers headers = identify(message);
    headers.emplace_back(kIdHeader, id);
    headers.emplace_back(kTimeHeader, time);
    headers.emplace_back(kSignatureHeader, crypto::base64_encode(key->sign(text)));
    headers.emplace_back("paypal-cert-url", text_member(members, kCertUrl));
    headers.emplace_back("paypal-auth-algo", "SHA256withRSA");
    headers.emplace_back("paypal-auth-version", "v2");
    return Signed{.headers = std::move(headers)};
  }

  /// No request is too old, as in PayPal's libraries.
  [[nodiscard]] Status verify(
      std::string_view key, const Received& received, const SignatureMembers& members
  ) const override {
    const auto decoded = public_key_of_text(crypto::KeyKind::kRsa, key);
    if (!decoded) return tl::unexpected<Error>(decoded.error());
    const std::string* id = find_header(received.headers, kIdHeader);
    const std::string* time = find_header(received.headers, kTimeHeader);
    const std::string* signature = find_header(received.headers, kSignatureHeader);
    if (id == nullptr || time == nullptr || signature == nullptr) {
      return fail(
          Errc::kInvalidArgument,
          fmt::format("{}, {} or {} is missing", kIdHeader, kTimeHeader, kSignatureHeader)
      );
    }
    const auto bytes = crypto::base64_decode(*signature);
    const std::string text =
        signed_text(*id, *time, text_member(members, kWebhookId), received.body);
    if (bytes && decoded->verify(text, *bytes)) return {};
    return fail(Errc::kInvalidArgument, std::string{kSignatureHeader} + " does not match");
  }
};

}  // namespace

const Scheme& paypal() {
  static const Paypal kScheme;
  return kScheme;
}

}  // namespace postrider::signing
