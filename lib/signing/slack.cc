#include "signing/slack.h"

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "signing/text_secret.h"
#include "signing/timestamp.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kSignatureHeader = "x-slack-signature";
constexpr std::string_view kTimestampHeader = "x-slack-request-timestamp";

std::string signature_of(
    std::string_view secret, std::string_view timestamp, std::string_view body
) {
  return "v0=" + crypto::hex_encode(crypto::hmac_sha256(secret, {"v0:", timestamp, ":", body}));
}

class Slack final : public TextSecretScheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "slack"; }

  [[nodiscard]] Result<Signed> sign(
      std::span<const std::string_view> secrets,
      const Message& message,
      const SignatureMembers& /*members*/
  ) const override {
    const std::string timestamp = std::to_string(message.timestamp_s);
    Headers headers = identify(message);
    headers.emplace_back(kTimestampHeader, timestamp);
    headers.emplace_back(
        kSignatureHeader, signature_of(held_secret(secrets), timestamp, message.body)
    );
    return Signed{.headers = std::move(headers)};
  }

  /// Accepts a timestamp in the future, as Slack's library does.
  [[nodiscard]] Status verify(
      std::string_view key, const Received& received, const SignatureMembers& /*members*/
  ) const override {
    if (auto fits = check_secret(key); !fits) return fits;
    const std::string* signature = find_header(received.headers, kSignatureHeader);
    const std::string* timestamp = find_header(received.headers, kTimestampHeader);
    if (signature == nullptr || timestamp == nullptr) {
      return fail(
          Errc::kInvalidArgument, "x-slack-signature or x-slack-request-timestamp is missing"
      );
    }
    const auto signed_at = parse_timestamp(*timestamp, kTimestampHeader);
    if (!signed_at) return tl::unexpected<Error>(signed_at.error());
    const std::string expected = signature_of(key, *timestamp, received.body);
    if (!crypto::constant_time_equal(*signature, expected))
      return fail(Errc::kInvalidArgument, "x-slack-signature does not match");
    return check_not_old(*signed_at, received, kTimestampHeader);
  }
};

}  // namespace

const Scheme& slack() {
  static const Slack kScheme;
  return kScheme;
}

}  // namespace postrider::signing
