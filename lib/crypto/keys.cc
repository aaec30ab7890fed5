#include "crypto/keys.h"

#include <array>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/assert.h"
#include "base/unique_handle.h"
#include "crypto/bytes.h"

namespace postrider::crypto {
namespace {

using Bio = UniqueHandle<BIO, BIO_free_all>;
using SignContext = UniqueHandle<EVP_MD_CTX, EVP_MD_CTX_free>;
using KeyContext = UniqueHandle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using SharedKey = std::shared_ptr<EVP_PKEY>;

constexpr int kRsaBitsGenerated = 2048;
constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 4096;
constexpr std::string_view kP256Group = "prime256v1";
/// The size for a key that names its curve. A key with explicit curve parameters is longer.
constexpr int kP256SpkiBytes = 91;

/// Takes ownership of the key. After a failure it clears OpenSSL's error queue, which the next
/// caller would see otherwise.
SharedKey own(EVP_PKEY* key) {
  if (key == nullptr) ERR_clear_error();
  return {key, EVP_PKEY_free};
}

std::string_view what(KeyKind kind) {
  switch (kind) {
    case KeyKind::kEd25519:
      return "an Ed25519 key";
    case KeyKind::kP256:
      return "an EC key on P-256";
    case KeyKind::kRsa:
      return "an RSA key of 2048 to 4096 bits";
  }
  return {};
}

bool is_on_p256(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t length = 0;
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), &length) == 1 &&
         std::string_view(name.data(), length) == kP256Group;
}

bool is_of(KeyKind kind, const EVP_PKEY* key) {
  if (key == nullptr) return false;
  switch (kind) {
    case KeyKind::kEd25519:
      return EVP_PKEY_is_a(key, "ED25519") == 1;
    case KeyKind::kP256:
      return EVP_PKEY_is_a(key, "EC") == 1 && is_on_p256(key);
    case KeyKind::kRsa:
      return EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= kRsaBitsMin &&
             EVP_PKEY_get_bits(key) <= kRsaBitsMax;
  }
  return false;
}

/// Ed25519 hashes the message itself.
const EVP_MD* digest_of(KeyKind kind) { return kind == KeyKind::kEd25519 ? nullptr : EVP_sha256(); }

/// The password callback for encrypted keys: it refuses, because no user can be asked.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

}  // namespace

Result<PublicKey> PublicKey::from_raw(std::string_view bytes) {
  SharedKey key =
      own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), bytes.size()));
  if (key == nullptr) return fail(Errc::kInvalidArgument, "must be the 32 bytes of an Ed25519 key");
  return PublicKey{KeyKind::kEd25519, std::move(key)};
}

Result<PublicKey> PublicKey::from_spki(KeyKind kind, std::string_view der) {
  const unsigned char* at = bytes_of(der);
  SharedKey key = own(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!is_of(kind, key.get()) || at != bytes_of(der) + der.size())
    return fail(Errc::kInvalidArgument, "must be " + std::string{what(kind)} + " as SPKI");
  return PublicKey{kind, std::move(key)};
}

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
  const SignContext context{EVP_MD_CTX_new()};
  POSTRIDER_ASSERT(context != nullptr);
  POSTRIDER_ASSERT(
      EVP_DigestVerifyInit(context.get(), nullptr, digest_of(kind_), nullptr, key_.get()) == 1
  );
  const int good = EVP_DigestVerify(
      context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()
  );
  if (good != 1) ERR_clear_error();
  return good == 1;
}

std::string PublicKey::raw() const {
  std::string bytes(kEd25519KeyBytes, '\0');
  std::size_t length = bytes.size();
  POSTRIDER_ASSERT(EVP_PKEY_get_raw_public_key(key_.get(), bytes_of(bytes), &length) == 1);
  return bytes;
}

std::string PublicKey::spki() const {
  const int length = i2d_PUBKEY(key_.get(), nullptr);
  POSTRIDER_ASSERT(length > 0);
  std::string der(static_cast<std::size_t>(length), '\0');
  unsigned char* at = bytes_of(der);
  POSTRIDER_ASSERT(i2d_PUBKEY(key_.get(), &at) == length);
  return der;
}

Result<PrivateKey> PrivateKey::from_seed(std::string_view bytes) {
  SharedKey key =
      own(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), bytes.size()));
  if (key == nullptr) return fail(Errc::kInvalidArgument, "must be the 32 bytes of an Ed25519 key");
  return PrivateKey{KeyKind::kEd25519, std::move(key)};
}

Result<PrivateKey> PrivateKey::from_pem(KeyKind kind, std::string_view pem) {
  const Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  POSTRIDER_ASSERT(bio != nullptr);
  SharedKey key = own(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!is_of(kind, key.get())) {
    return fail(
        Errc::kInvalidArgument, "must be " + std::string{what(kind)} + " in PEM, unencrypted"
    );
  }
  return PrivateKey{kind, std::move(key)};
}

PrivateKey PrivateKey::generate(KeyKind kind) {
  EVP_PKEY* key = nullptr;
  switch (kind) {
    case KeyKind::kEd25519:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
    case KeyKind::kP256:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", kP256Group.data());
      break;
    case KeyKind::kRsa:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{kRsaBitsGenerated});
      break;
  }
  POSTRIDER_ASSERT(key != nullptr);
  return {kind, own(key)};
}

Status PrivateKey::check() const {
  const KeyContext context{EVP_PKEY_CTX_new(key_.get(), nullptr)};
  POSTRIDER_ASSERT(context != nullptr);
  const bool fits = EVP_PKEY_pairwise_check(context.get()) == 1;
  const bool named = kind_ != KeyKind::kP256 || i2d_PUBKEY(key_.get(), nullptr) == kP256SpkiBytes;
  ERR_clear_error();
  if (fits && named) return {};
  return fail(Errc::kInvalidArgument, "must be a key whose halves belong together");
}

std::string PrivateKey::sign(std::string_view message) const {
  const SignContext context{EVP_MD_CTX_new()};
  POSTRIDER_ASSERT(context != nullptr);
  POSTRIDER_ASSERT(
      EVP_DigestSignInit(context.get(), nullptr, digest_of(kind_), nullptr, key_.get()) == 1
  );
  std::size_t length = 0;
  POSTRIDER_ASSERT(
      EVP_DigestSign(context.get(), nullptr, &length, bytes_of(message), message.size()) == 1
  );
  std::string signature(length, '\0');
  POSTRIDER_ASSERT(
      EVP_DigestSign(
          context.get(), bytes_of(signature), &length, bytes_of(message), message.size()
      ) == 1
  );
  signature.resize(length);  // an ECDSA signature may be shorter than the maximum
  return signature;
}

std::string PrivateKey::seed() const {
  std::string bytes(kEd25519KeyBytes, '\0');
  std::size_t length = bytes.size();
  POSTRIDER_ASSERT(EVP_PKEY_get_raw_private_key(key_.get(), bytes_of(bytes), &length) == 1);
  return bytes;
}

std::string PrivateKey::pem() const {
  const Bio bio{BIO_new(BIO_s_mem())};
  POSTRIDER_ASSERT(bio != nullptr);
  const int written =
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  POSTRIDER_ASSERT(written == 1);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace postrider::crypto
