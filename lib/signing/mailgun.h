// As Mailgun signs its webhooks: an HMAC-SHA-256 over `timestamp` and `token`, within the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// The body goes out as `{"signature":{"timestamp","token","signature"},"event-data":<body>}`, with
/// another token at each attempt. Only the token proves who sent it: what stands in `event-data` is
/// not signed, as with Mailgun's own.
[[nodiscard]] const Scheme& mailgun();

}  // namespace postrider::signing
