// No signature, for receivers that know their senders in another way.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// webhook-id and webhook-timestamp alone. The endpoint has a secret all the same, for the day when
/// its scheme is changed.
[[nodiscard]] const Scheme& none();

}  // namespace postrider::signing
