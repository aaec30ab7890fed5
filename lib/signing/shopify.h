// As Shopify signs its webhooks: HMAC-SHA-256 of the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// x-shopify-hmac-sha256, with x-shopify-topic (the type), -shop-domain, -api-version, -webhook-id
/// (the delivery) and -event-id, most of which Shopify's library asks for.
[[nodiscard]] const Scheme& shopify();

/// The same in headers without x-, as Shopify sends its newer kind.
[[nodiscard]] const Scheme& shopify_events();

}  // namespace postrider::signing
