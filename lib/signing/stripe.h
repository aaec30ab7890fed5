// Stripe's scheme for webhooks: HMAC-SHA-256 over `timestamp.body`.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Header: stripe-signature with t=…,v1=…, one v1 per secret. The key is the whole secret,
/// including whsec_.
[[nodiscard]] const Scheme& stripe();

}  // namespace postrider::signing
