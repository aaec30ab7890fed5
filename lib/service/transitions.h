// What people may do to a delivery. Pure; with next_state the only code that decides on states.
#pragma once

#include <optional>

#include "domain/delivery.h"
#include "domain/endpoint.h"

namespace postrider {

/// Each returns the delivery as it becomes, or kConflict with the reason for people.

/// Due now; the schedule goes on. Only while pending.
[[nodiscard]] Result<Delivery> retried(Delivery delivery, WallTime now);
/// Only while pending.
[[nodiscard]] Result<Delivery> cancelled(Delivery delivery, WallTime now);
/// A fresh schedule from now on; attempts are kept and counted on. Only when final, not discarded
/// and not expired; `endpoint` is null when it was deleted.
[[nodiscard]] Result<Delivery> replayed(Delivery delivery, const Endpoint* endpoint, WallTime now);
/// kConflict, with the instant, once an event has expired: a sweep would end its delivery at once.
[[nodiscard]] Status not_expired(std::optional<WallTime> expires_at, WallTime now);
/// Put away: still dead, no longer listed nor replayed. Only dead letters.
[[nodiscard]] Result<Delivery> discarded(Delivery delivery);

}  // namespace postrider
