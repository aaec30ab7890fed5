// These functions decide what people may do to a delivery. They are pure. Only they and
// next_state() decide on states.
#pragma once

#include <optional>

#include "domain/delivery.h"
#include "domain/endpoint.h"

namespace postrider {

/// Each function returns the changed delivery, or kConflict with a reason for people.

/// Makes a pending delivery due now. Its retry schedule continues.
[[nodiscard]] Result<Delivery> retried(Delivery delivery, WallTime now);
/// Cancels a pending delivery.
[[nodiscard]] Result<Delivery> cancelled(Delivery delivery, WallTime now);
/// Makes a final delivery pending with a fresh retry schedule. Its earlier attempts are kept, and
/// numbering continues after them. Returns kConflict if the delivery is pending or was discarded,
/// if its event has expired, or if `endpoint` is disabled or null, which means deleted.
[[nodiscard]] Result<Delivery> replayed(Delivery delivery, const Endpoint* endpoint, WallTime now);
/// Returns kConflict if the event has expired, because a sweep would end its delivery at once. The
/// error names the instant.
[[nodiscard]] Status not_expired(std::optional<WallTime> expires_at, WallTime now);
/// Discards a dead letter: it stays dead, but is no longer listed and cannot be replayed.
[[nodiscard]] Result<Delivery> discarded(Delivery delivery);

}  // namespace postrider
