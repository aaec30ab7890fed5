// Key pairs as text: PEM and base64.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "crypto/keys.h"

namespace postrider::signing {

/// Fails with kInvalidArgument, with a context that says what a secret must be. Only checks the
/// format. Caches the key for further calls of the thread.
[[nodiscard]] Result<crypto::PrivateKey> private_key_of_pem(
    crypto::KeyKind kind, std::string_view text
);

/// Checks that the text is a key that can sign.
[[nodiscard]] Status check_private_key_of_pem(crypto::KeyKind kind, std::string_view text);

/// Reads the base64 of a SubjectPublicKeyInfo, with or without the lines of PEM around it.
[[nodiscard]] Result<crypto::PublicKey> public_key_of_text(
    crypto::KeyKind kind, std::string_view text
);
/// Returns the base64 without the lines of PEM.
[[nodiscard]] std::string public_key_text(const crypto::PublicKey& key);

}  // namespace postrider::signing
