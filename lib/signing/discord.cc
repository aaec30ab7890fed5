#include "signing/discord.h"

#include "crypto/encoding.h"
#include "signing/stamped_key.h"

namespace postrider::signing {
namespace {

Result<crypto::PrivateKey> decode_seed(std::string_view text) {
  const auto bytes = crypto::hex_decode(text);
  auto key = crypto::PrivateKey::from_seed(bytes ? *bytes : std::string{});
  if (key) return key;
  return fail(
      Errc::kInvalidArgument, "secret must be the 64 hexadecimal digits of an Ed25519 seed"
  );
}

Status check_seed(std::string_view text) {
  const auto key = decode_seed(text);
  if (!key) return tl::unexpected<Error>(key.error());
  return {};
}

Result<crypto::PublicKey> decode_key(std::string_view text) {
  const auto bytes = crypto::hex_decode(text);
  auto key = crypto::PublicKey::from_raw(bytes ? *bytes : std::string{});
  if (key) return key;
  return fail(Errc::kInvalidArgument, "public key must be 64 hexadecimal digits");
}

}  // namespace

const Scheme& discord() {
  static const StampedKey kScheme{
      {.scheme = "discord",
       .timestamp_header = "x-signature-timestamp",
       .signature_header = "x-signature-ed25519",
       .kind = crypto::KeyKind::kEd25519,
       .check_secret = check_seed,
       .decode_secret = decode_seed,
       .encode_secret = [](const crypto::PrivateKey& key
                        ) { return crypto::hex_encode(key.seed()); },
       .decode_public_key = decode_key,
       .encode_public_key = [](const crypto::PublicKey& key
                            ) { return crypto::hex_encode(key.raw()); },
       .decode_signature = crypto::hex_decode,
       .encode_signature = crypto::hex_encode}};
  return kScheme;
}

}  // namespace postrider::signing
