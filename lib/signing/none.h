// No signature, for receivers that authenticate their senders in another way.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Headers: only webhook-id and webhook-timestamp. The endpoint has a secret nevertheless, for a
/// later change of its scheme.
[[nodiscard]] const Scheme& none();

}  // namespace postrider::signing
