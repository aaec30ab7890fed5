#include "signing/body_hmac.h"

#include <algorithm>

#include "crypto/encoding.h"

namespace postrider::signing {

std::string HmacHeader::value(std::string_view secret, std::string_view body) const {
  const std::string code = crypto::hmac(hash, secret, {body});
  std::string text{prefix};
  text += encoding == TextEncoding::kHex ? crypto::hex_encode(code) : crypto::base64_encode(code);
  return text;
}

Status HmacHeader::check(std::string_view secret, const Received& received) const {
  const std::string* found = find_header(received.headers, name);
  if (found == nullptr) return fail(Errc::kInvalidArgument, std::string{name} + " is missing");
  if (!crypto::constant_time_equal(*found, value(secret, received.body)))
    return fail(Errc::kInvalidArgument, std::string{name} + " does not match");
  return {};
}

Result<Signed> BodyHmac::sign(
    std::span<const std::string_view> secrets,
    const Message& message,
    const SignatureMembers& members
) const {
  const std::string_view secret = held_secret(secrets);
  Headers headers = identify(message);
  format_.describe(message, members, headers);
  headers.emplace_back(format_.header.name, format_.header.value(secret, message.body));
  if (format_.countersign != nullptr) format_.countersign(secret, message.body, members, headers);
  return Signed{.headers = std::move(headers)};
}

Status BodyHmac::verify(
    std::string_view key, const Received& received, const SignatureMembers& /*members*/
) const {
  if (auto fits = check_secret(key); !fits) return fits;
  return format_.header.check(key, received);
}

}  // namespace postrider::signing
