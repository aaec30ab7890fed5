// As SendGrid signs its event webhook: ECDSA on P-256 over the timestamp and the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// x-twilio-email-event-webhook-signature and -timestamp. Secrets are PKCS #8 PEM, public keys the
/// base64 of a SubjectPublicKeyInfo.
[[nodiscard]] const Scheme& sendgrid();

}  // namespace postrider::signing
