#include "signing/key_text.h"

#include "crypto/encoding.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kPublicBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kPublicEnd = "-----END PUBLIC KEY-----";

/// The base64 between the lines of PEM, when they are there.
std::string without_armour(std::string_view text) {
  const std::size_t begin = text.find(kPublicBegin);
  if (begin != std::string_view::npos) text.remove_prefix(begin + kPublicBegin.size());
  text = text.substr(0, text.find(kPublicEnd));
  std::string bare;
  for (const char c : text) {
    if (c != '\n' && c != '\r') bare += c;
  }
  return bare;
}

}  // namespace

Result<crypto::PrivateKey> private_key_of_pem(crypto::KeyKind kind, std::string_view text) {
  auto key = crypto::PrivateKey::from_pem(kind, text);
  if (!key) return fail(Errc::kInvalidArgument, "secret " + key.error().context);
  return key;
}

Result<crypto::PublicKey> public_key_of_text(crypto::KeyKind kind, std::string_view text) {
  const auto der = crypto::base64_decode(without_armour(text));
  auto key = crypto::PublicKey::from_spki(kind, der ? *der : std::string{});
  if (!key) return fail(Errc::kInvalidArgument, "public key " + key.error().context);
  return key;
}

std::string public_key_text(const crypto::PublicKey& key) {
  return crypto::base64_encode(key.spki());
}

}  // namespace postrider::signing
