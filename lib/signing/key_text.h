// Key pairs as people hand them around: PEM and base64.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "crypto/keys.h"

namespace postrider::signing {

/// kInvalidArgument says what a secret must be. Looks at the form alone, and keeps what it has read
/// for the thread's next call.
[[nodiscard]] Result<crypto::PrivateKey> private_key_of_pem(
    crypto::KeyKind kind, std::string_view text
);

/// Whether the text is a key that can sign.
[[nodiscard]] Status check_private_key_of_pem(crypto::KeyKind kind, std::string_view text);

/// The base64 of a SubjectPublicKeyInfo, without the lines of PEM around it or with them.
[[nodiscard]] Result<crypto::PublicKey> public_key_of_text(
    crypto::KeyKind kind, std::string_view text
);
/// Without those lines.
[[nodiscard]] std::string public_key_text(const crypto::PublicKey& key);

}  // namespace postrider::signing
