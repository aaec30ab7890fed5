// The filters of lists that no index serves, and positions in lists.
#pragma once

#include <cstddef>

#include "store/cursors.h"
#include "store/records.h"

namespace postrider {

/// The most attempts that a history lists. Replays of a delivery have no other bound.
inline constexpr std::size_t kAttemptsListed = 1000;

/// Checks type and instants; the query checks the tenant.
[[nodiscard]] bool is_wanted(const EventFilter& filter, const Event& event);
/// Checks tenant, type and reason; the query checks endpoint and instants.
[[nodiscard]] bool is_wanted(const DeadLetterFilter& filter, const DeliveryView& view);
/// Checks tenant, event, endpoint and state; the query checks instants.
[[nodiscard]] bool is_wanted(const DeliveryFilter& filter, const DeliveryView& view);

/// Returns the position of a dead letter in the order of deaths.
[[nodiscard]] ListPosition place_of(const Delivery& dead);

}  // namespace postrider
