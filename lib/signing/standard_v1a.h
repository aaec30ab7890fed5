// Standard Webhooks 1.0.0, asymmetric (v1a): Ed25519 over `id.timestamp.body`.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Secrets are `whsk_` and the base64 of a seed with its public key (64 bytes), or of the seed
/// alone; public keys `whpk_` and the base64 of 32 bytes. Headers as of standard(), with `v1a,…`.
[[nodiscard]] const Scheme& standard_v1a();

}  // namespace postrider::signing
