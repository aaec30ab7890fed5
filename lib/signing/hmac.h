// A configurable scheme for receivers with their own code: an HMAC of the body in a header.
#pragma once

#include "signing/scheme.h"

namespace postrider::signing {

/// Members: `header` (X-Signature), `algorithm` (sha256, sha512, sha1), `encoding` (hex, base64)
/// and `prefix` (empty).
[[nodiscard]] const Scheme& hmac();

}  // namespace postrider::signing
