// As PayPal signs its webhooks: RSA over `transmission id|time|webhook id|CRC-32 of the body`.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// paypal-transmission-id, -time and -sig, paypal-cert-url, paypal-auth-algo and -version. Secrets
/// are PKCS #8 PEM, public keys the base64 of a SubjectPublicKeyInfo; a certificate of it is the
/// owner's to publish at `cert_url`. Only receivers whose trusted certificates can be configured
/// accept it: PayPal's own libraries ask PayPal.
[[nodiscard]] const Scheme& paypal();

}  // namespace postrider::signing
