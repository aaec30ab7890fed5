// As Discord signs interactions and its webhook events: Ed25519 over the timestamp and the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// x-signature-ed25519 and x-signature-timestamp. Secrets are the 64 hexadecimal digits of a seed,
/// public keys those of a key.
[[nodiscard]] const Scheme& discord();

}  // namespace postrider::signing
