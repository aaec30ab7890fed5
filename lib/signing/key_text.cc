#include "signing/key_text.h"

#include <map>
#include <utility>

#include "crypto/encoding.h"

namespace postrider::signing {
namespace {

constexpr std::string_view kPublicBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kPublicEnd = "-----END PUBLIC KEY-----";

constexpr std::size_t kKeysKnownMax = 64;

/// Returns the base64 without line ends and, if they are there, the lines of PEM.
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
  // Keys are cached, because reading a key takes longer than most signatures.
  using Known = std::map<std::pair<crypto::KeyKind, std::string>, crypto::PrivateKey>;
  thread_local Known known;  // tidy: mutable-static (a thread's own)
  const std::pair sought{kind, std::string{text}};
  if (const auto found = known.find(sought); found != known.end()) return found->second;
  auto key = crypto::PrivateKey::from_pem(kind, text);
  if (!key) return fail(Errc::kInvalidArgument, "secret " + key.error().context);
  if (known.size() >= kKeysKnownMax) known.clear();
  known.emplace(sought, *key);
  return key;
}

Status check_private_key_of_pem(crypto::KeyKind kind, std::string_view text) {
  const auto key = private_key_of_pem(kind, text);
  if (!key) return tl::unexpected<Error>(key.error());
  if (auto checked = key->check(); !checked)
    return fail(Errc::kInvalidArgument, "secret " + checked.error().context);
  return {};
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
