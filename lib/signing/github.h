// As GitHub signs its webhooks: HMAC-SHA-256 of the body.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// x-hub-signature-256 (and x-hub-signature of SHA-1 with `sha1`), with x-github-event (the type)
/// and x-github-delivery (the delivery), which GitHub's own libraries ask for.
[[nodiscard]] const Scheme& github();

}  // namespace postrider::signing
