// Rows of delivery lists, and the filters that no index serves.
#pragma once

#include "store/records.h"
#include "store/sqlite/cursors.h"
#include "store/sqlite/sqlite_db.h"

namespace postrider::sqlite {

/// A row of lists.sql, without its last attempt.
[[nodiscard]] DeliveryView read_delivery_view(const Row& row);

/// Tenant, type and reason; endpoint and instants are the query's.
[[nodiscard]] bool is_wanted(const DeadLetterFilter& filter, const DeliveryView& view);
/// Tenant, event, endpoint and state; instants are the query's.
[[nodiscard]] bool is_wanted(const DeliveryFilter& filter, const DeliveryView& view);

/// Where a dead letter stands in the order of deaths.
[[nodiscard]] Place place_of(const Delivery& dead);

/// The smallest id of `time`, within what ids can say: first_id_at() overflows in the year 2248.
[[nodiscard]] std::int64_t id_at(WallTime time);

}  // namespace postrider::sqlite
