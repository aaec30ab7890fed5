#include "signing/standard.h"

#include <charconv>
#include <cstddef>

#include "base/assert.h"
#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/random.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kKeyBytesMin = 24;
constexpr std::size_t kKeyBytesMax = 64;
constexpr std::size_t kKeyBytesGenerated = 32;
constexpr std::string_view kVersion = "v1,";
/// Digits of a timestamp: enough for 30,000 years, too few to overflow as milliseconds.
constexpr std::size_t kTimestampDigitsMax = 12;

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

std::string signature_of(
    std::string_view key, std::string_view id, std::string_view timestamp, std::string_view body
) {
  std::string text{kVersion};
  text += crypto::base64_encode(crypto::hmac_sha256(key, {id, ".", timestamp, ".", body}));
  return text;
}

Result<WallTime> parse_timestamp(std::string_view text) {
  std::int64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  const bool whole = error == std::errc{} && stop == end && text.size() <= kTimestampDigitsMax;
  if (!whole || seconds < 0) {
    return fail(Errc::kInvalidArgument, "webhook-timestamp is not a number of Unix seconds");
  }
  return from_unix_ms(seconds * 1000);
}

Status check_age(WallTime signed_at, const Received& received) {
  if (signed_at < received.now - received.tolerance) {
    return fail(Errc::kInvalidArgument, "webhook-timestamp is too old");
  }
  if (signed_at > received.now + received.tolerance) {
    return fail(Errc::kInvalidArgument, "webhook-timestamp is too far in the future");
  }
  return {};
}

/// Entries of other versions and junk are passed over: a sender may sign for several receivers.
bool lists(std::string_view signatures, std::string_view expected) {
  bool found = false;
  while (!signatures.empty()) {
    const std::size_t length = signatures.find(' ');
    const std::string_view entry = signatures.substr(0, length);
    found = crypto::constant_time_equal(entry, expected) || found;
    signatures.remove_prefix(length == std::string_view::npos ? signatures.size() : length + 1);
  }
  return found;
}

class Standard final : public Scheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "standard"; }

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

  [[nodiscard]] Headers sign(std::span<const std::string_view> secrets, const Message& message)
      const override {
    POSTRIDER_ASSERT(!secrets.empty());
    POSTRIDER_ASSERT(message.timestamp_s >= 0);
    const std::string timestamp = std::to_string(message.timestamp_s);
    std::string signatures;
    for (const std::string_view secret : secrets) {
      const auto key = decode_secret(secret);
      POSTRIDER_ASSERT(key.has_value());
      // Receivers' libraries fail on two spaces or a trailing one.
      if (!signatures.empty()) signatures += ' ';
      signatures += signature_of(*key, message.id, timestamp, message.body);
    }
    return {
        {"webhook-id", std::string{message.id}},
        {"webhook-timestamp", timestamp},
        {"webhook-signature", std::move(signatures)}};
  }

  [[nodiscard]] Status verify(std::string_view secret, const Received& received) const override {
    const auto key = decode_secret(secret);
    if (!key) return tl::unexpected<Error>(key.error());
    const std::string* id = find_header(received.headers, "webhook-id");
    const std::string* timestamp = find_header(received.headers, "webhook-timestamp");
    const std::string* signatures = find_header(received.headers, "webhook-signature");
    if (id == nullptr || timestamp == nullptr || signatures == nullptr) {
      return fail(
          Errc::kInvalidArgument, "webhook-id, webhook-timestamp or webhook-signature is missing"
      );
    }
    const auto signed_at = parse_timestamp(*timestamp);
    if (!signed_at) return tl::unexpected<Error>(signed_at.error());
    if (!lists(*signatures, signature_of(*key, *id, *timestamp, received.body))) {
      return fail(Errc::kInvalidArgument, "no signature in webhook-signature matches");
    }
    return check_age(*signed_at, received);
  }
};

}  // namespace

const Scheme& standard() {
  static const Standard kScheme;
  return kScheme;
}

}  // namespace postrider::signing
