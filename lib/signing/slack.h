// Slack's scheme for requests: HMAC-SHA-256 over `v0:timestamp:body`.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Headers: x-slack-signature and x-slack-request-timestamp.
[[nodiscard]] const Scheme& slack();

}  // namespace postrider::signing
