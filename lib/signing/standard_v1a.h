// Standard Webhooks 1.0.0, asymmetric (v1a): Ed25519 over `id.timestamp.body`.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// A secret is `whsk_` and the base64 of a seed with its public key (64 bytes), or of the seed
/// alone. A public key is `whpk_` and the base64 of 32 bytes. The headers are those of standard(),
/// with `v1a,…`.
[[nodiscard]] const Scheme& standard_v1a();

}  // namespace postrider::signing
