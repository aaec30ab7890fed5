// PayPal's scheme for webhooks: RSA over `transmission id|time|webhook id|CRC-32 of the body`.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Headers: paypal-transmission-id, -time and -sig, paypal-cert-url, paypal-auth-algo and -version.
/// A secret is PKCS #8 PEM, a public key the base64 of a SubjectPublicKeyInfo. The owner publishes
/// a certificate for it at `cert_url`. Only receivers that can be configured to trust that
/// certificate accept the signature: PayPal's own libraries ask PayPal.
[[nodiscard]] const Scheme& paypal();

}  // namespace postrider::signing
