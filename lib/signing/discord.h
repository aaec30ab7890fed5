// Discord's scheme for interactions and webhook events: Ed25519 over the timestamp and the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Headers: x-signature-ed25519 and x-signature-timestamp. A secret is the 64 hexadecimal digits of
/// a seed, a public key the 64 digits of a key.
[[nodiscard]] const Scheme& discord();

}  // namespace postrider::signing
