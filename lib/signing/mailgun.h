// Mailgun's scheme for webhooks: an HMAC-SHA-256 of `timestamp` and `token`, within the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// The body is sent as `{"signature":{"timestamp","token","signature"},"event-data":<body>}`, with
/// a different token at each attempt. The token alone authenticates the sender: `event-data` is not
/// signed, as in Mailgun's own webhooks.
[[nodiscard]] const Scheme& mailgun();

}  // namespace postrider::signing
