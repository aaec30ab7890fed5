// Jira Cloud's scheme for webhooks: HMAC-SHA-256 of the body, as in WebSub.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Headers: x-hub-signature and x-atlassian-webhook-identifier (the delivery).
[[nodiscard]] const Scheme& jira();

}  // namespace postrider::signing
