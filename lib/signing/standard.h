// Standard Webhooks 1.0.0, symmetric (v1): HMAC-SHA-256 over `id.timestamp.body`.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Secrets are `whsec_` and the base64 of 24 to 64 bytes. Headers: webhook-id, webhook-timestamp,
/// and webhook-signature with one `v1,…` per secret, separated by single spaces.
[[nodiscard]] const Scheme& standard();

/// Uses the headers of standard() with the prefix svix-, for receivers that know no others.
[[nodiscard]] const Scheme& svix();

}  // namespace postrider::signing
