#include "signing/stripe.h"

#include "base/assert.h"
#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "signing/text_secret.h"
#include "signing/timestamp.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kHeader = "stripe-signature";

std::string signature_of(
    std::string_view secret, std::string_view timestamp, std::string_view body
) {
  return crypto::hex_encode(crypto::hmac_sha256(secret, {timestamp, ".", body}));
}

/// Calls `each` with the value of every part `name=value` of a list.
template <class Each>
void for_each_part(std::string_view list, std::string_view name, const Each& each) {
  while (!list.empty()) {
    const std::size_t length = list.find(',');
    const std::string_view part = list.substr(0, length);
    if (part.starts_with(name)) each(part.substr(name.size()));
    list.remove_prefix(length == std::string_view::npos ? list.size() : length + 1);
  }
}

class Stripe final : public TextSecretScheme {
 public:
  Stripe() : TextSecretScheme("whsec_") {}

  [[nodiscard]] std::string_view name() const override { return "stripe"; }

  [[nodiscard]] Result<Signed> sign(
      std::span<const std::string_view> secrets,
      const Message& message,
      const SignatureMembers& /*members*/
  ) const override {
    POSTRIDER_ASSERT(!secrets.empty());
    const std::string timestamp = std::to_string(message.timestamp_s);
    // Stripe's library fails on a space after a comma.
    std::string value = "t=" + timestamp;
    for (const std::string_view secret : secrets)
      value += ",v1=" + signature_of(secret, timestamp, message.body);
    Headers headers = identify(message);
    headers.emplace_back(kHeader, std::move(value));
    return Signed{.headers = std::move(headers)};
  }

  /// Accepts a timestamp in the future, as Stripe's library does.
  [[nodiscard]] Status verify(
      std::string_view key, const Received& received, const SignatureMembers& /*members*/
  ) const override {
    if (auto fits = check_secret(key); !fits) return fits;
    const std::string* value = find_header(received.headers, kHeader);
    if (value == nullptr) return fail(Errc::kInvalidArgument, "stripe-signature is missing");
    std::string_view timestamp;
    for_each_part(*value, "t=", [&](std::string_view given) { timestamp = given; });
    const auto signed_at = parse_timestamp(timestamp, "t of stripe-signature");
    if (!signed_at) return tl::unexpected<Error>(signed_at.error());
    const std::string expected = signature_of(key, timestamp, received.body);
    bool found = false;
    for_each_part(*value, "v1=", [&](std::string_view given) {
      found = crypto::constant_time_equal(given, expected) || found;
    });
    if (!found) return fail(Errc::kInvalidArgument, "no v1 of stripe-signature matches");
    return check_not_old(*signed_at, received, "t of stripe-signature");
  }
};

}  // namespace

const Scheme& stripe() {
  static const Stripe kScheme;
  return kScheme;
}

}  // namespace postrider::signing
