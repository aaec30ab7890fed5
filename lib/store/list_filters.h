// The filters of lists that no index serves, and how places in lists are told.
#pragma once

#include <cstddef>

#include "store/cursors.h"
#include "store/records.h"

namespace postrider {

/// What replays can add up to on one delivery has no other bound.
inline constexpr std::size_t kAttemptsListed = 1000;

/// Type and instants; the tenant is the query's.
[[nodiscard]] bool is_wanted(const EventFilter& filter, const Event& event);
/// Tenant, type and reason; endpoint and instants are the query's.
[[nodiscard]] bool is_wanted(const DeadLetterFilter& filter, const DeliveryView& view);
/// Tenant, event, endpoint and state; instants are the query's.
[[nodiscard]] bool is_wanted(const DeliveryFilter& filter, const DeliveryView& view);

/// Where a dead letter stands in the order of deaths.
[[nodiscard]] ListPosition place_of(const Delivery& dead);

}  // namespace postrider
