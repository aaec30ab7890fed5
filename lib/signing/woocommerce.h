// As WooCommerce signs its webhooks: HMAC-SHA-256 of the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// x-wc-webhook-signature, with -topic (the type), -resource and -event (its two ends), and
/// -delivery-id.
[[nodiscard]] const Scheme& woocommerce();

}  // namespace postrider::signing
