// Key pairs for signatures: the private key signs, the public key verifies.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

struct evp_pkey_st;

namespace postrider::crypto {

/// Ed25519 signs the message itself. P-256 makes ECDSA signatures (DER) and RSA makes PKCS #1 v1.5
/// signatures, both of the message's SHA-256.
enum class KeyKind : std::uint8_t { kEd25519, kP256, kRsa };

inline constexpr std::size_t kEd25519KeyBytes = 32;

/// Immutable, thread-safe.
class PublicKey {
 public:
  /// Fails with kInvalidArgument unless `bytes` are the 32 bytes of an Ed25519 key.
  [[nodiscard]] static Result<PublicKey> from_raw(std::string_view bytes);
  /// Fails with kInvalidArgument unless `der` is a SubjectPublicKeyInfo of a key of `kind`. An RSA
  /// key must have 2048 to 4096 bits.
  [[nodiscard]] static Result<PublicKey> from_spki(KeyKind kind, std::string_view der);

  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;
  /// Returns the 32 bytes. Only for Ed25519.
  [[nodiscard]] std::string raw() const;
  /// Returns the SubjectPublicKeyInfo as DER.
  [[nodiscard]] std::string spki() const;

 private:
  friend class PrivateKey;
  PublicKey(KeyKind kind, std::shared_ptr<evp_pkey_st> key) : kind_(kind), key_(std::move(key)) {}

  KeyKind kind_;
  std::shared_ptr<evp_pkey_st> key_;
};

/// Immutable, thread-safe.
class PrivateKey {
 public:
  /// Fails with kInvalidArgument unless `bytes` are the 32 bytes of an Ed25519 seed.
  [[nodiscard]] static Result<PrivateKey> from_seed(std::string_view bytes);
  /// Fails with kInvalidArgument unless `pem` is an unencrypted key of `kind`. An RSA key must have
  /// 2048 to 4096 bits. Never echoes the key. Only checks the format: see check().
  [[nodiscard]] static Result<PrivateKey> from_pem(KeyKind kind, std::string_view pem);
  /// Makes a new key. An RSA key has 2048 bits and takes some tenths of a second.
  [[nodiscard]] static PrivateKey generate(KeyKind kind);

  /// Fails with kInvalidArgument unless the public and the private half match. Takes about 50 ms
  /// for RSA. With an external key that was not checked, sign() and spki() may abort the process.
  [[nodiscard]] Status check() const;

  [[nodiscard]] std::string sign(std::string_view message) const;
  [[nodiscard]] PublicKey public_key() const { return {kind_, key_}; }
  /// Returns the 32 bytes. Only for Ed25519.
  [[nodiscard]] std::string seed() const;
  /// Returns the key as PKCS #8.
  [[nodiscard]] std::string pem() const;

 private:
  PrivateKey(KeyKind kind, std::shared_ptr<evp_pkey_st> key) : kind_(kind), key_(std::move(key)) {}

  KeyKind kind_;
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace postrider::crypto
