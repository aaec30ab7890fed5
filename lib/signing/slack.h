// As Slack signs its requests: HMAC-SHA-256 over `v0:timestamp:body`.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// x-slack-signature, with x-slack-request-timestamp.
[[nodiscard]] const Scheme& slack();

}  // namespace postrider::signing
