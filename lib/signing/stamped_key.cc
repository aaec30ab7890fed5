#include "signing/stamped_key.h"

namespace postrider::signing {

std::string StampedKey::generate_secret() const {
  return format_.encode_secret(crypto::PrivateKey::generate(format_.kind));
}

Status StampedKey::check_secret(std::string_view secret) const {
  return format_.check_secret(secret);
}

std::optional<std::string> StampedKey::public_key(std::string_view secret) const {
  const auto key = format_.decode_secret(secret);
  if (!key) return std::nullopt;
  return format_.encode_public_key(key->public_key());
}

Result<Signed> StampedKey::sign(
    std::span<const std::string_view> secrets,
    const Message& message,
    const SignatureMembers& /*members*/
) const {
  const auto key = format_.decode_secret(held_secret(secrets));
  if (!key) return tl::unexpected<Error>(key.error());
  std::string text = std::to_string(message.timestamp_s);
  Headers headers = identify(message);
  headers.emplace_back(format_.timestamp_header, text);
  text.append(message.body);
  headers.emplace_back(format_.signature_header, format_.encode_signature(key->sign(text)));
  return Signed{.headers = std::move(headers)};
}

Status StampedKey::verify(
    std::string_view key, const Received& received, const SignatureMembers& /*members*/
) const {
  const auto decoded = format_.decode_public_key(key);
  if (!decoded) return tl::unexpected<Error>(decoded.error());
  const std::string* timestamp = find_header(received.headers, format_.timestamp_header);
  const std::string* signature = find_header(received.headers, format_.signature_header);
  if (timestamp == nullptr || signature == nullptr) {
    return fail(
        Errc::kInvalidArgument,
        std::string{format_.timestamp_header} + " or " + std::string{format_.signature_header} +
            " is missing"
    );
  }
  const auto bytes = format_.decode_signature(*signature);
  if (bytes && decoded->verify(*timestamp + std::string{received.body}, *bytes)) return {};
  return fail(Errc::kInvalidArgument, std::string{format_.signature_header} + " does not match");
}

}  // namespace postrider::signing
