// As Stripe signs its webhooks: HMAC-SHA-256 over `timestamp.body`.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// stripe-signature: t=…,v1=…, one v1 per secret. The key is the whole secret, whsec_ included.
[[nodiscard]] const Scheme& stripe();

}  // namespace postrider::signing
