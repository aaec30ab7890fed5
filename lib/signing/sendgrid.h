// SendGrid's scheme for its event webhook: ECDSA on P-256 over the timestamp and the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Headers: x-twilio-email-event-webhook-signature and -timestamp. A secret is PKCS #8 PEM, a
/// public key the base64 of a SubjectPublicKeyInfo.
[[nodiscard]] const Scheme& sendgrid();

}  // namespace postrider::signing
