// As Jira Cloud signs its webhooks: HMAC-SHA-256 of the body, after WebSub.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// x-hub-signature, with x-atlassian-webhook-identifier (the delivery).
[[nodiscard]] const Scheme& jira();

}  // namespace postrider::signing
