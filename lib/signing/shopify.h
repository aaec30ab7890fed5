// Shopify's scheme for webhooks: HMAC-SHA-256 of the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Headers: x-shopify-hmac-sha256, x-shopify-topic (the type), -shop-domain, -api-version,
/// -webhook-id (the delivery) and -event-id. Shopify's library requires most of them.
[[nodiscard]] const Scheme& shopify();

/// Uses the headers of shopify() without x-, as in Shopify's newer kind of webhooks.
[[nodiscard]] const Scheme& shopify_events();

}  // namespace postrider::signing
