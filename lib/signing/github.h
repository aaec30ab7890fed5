// GitHub's scheme for webhooks: HMAC-SHA-256 of the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Headers: x-hub-signature-256, x-github-event (the type) and x-github-delivery (the delivery),
/// which GitHub's own libraries require. With `sha1` also x-hub-signature, which is SHA-1.
[[nodiscard]] const Scheme& github();

}  // namespace postrider::signing
