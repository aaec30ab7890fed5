// WooCommerce's scheme for webhooks: HMAC-SHA-256 of the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Headers: x-wc-webhook-signature, -topic (the type), -resource and -event (the type's first and
/// last part), -delivery-id and, with the member `source`, -source.
[[nodiscard]] const Scheme& woocommerce();

}  // namespace postrider::signing
