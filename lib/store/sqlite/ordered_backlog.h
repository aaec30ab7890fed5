// Pending deliveries with an ordering key, counted.
#pragma once

#include <vector>

#include "store/records.h"
#include "store/sqlite/sqlite_db.h"

namespace postrider::sqlite {

/// Adds the deliveries with an ordering key to a backlog that is sorted by endpoint, and sorts it
/// again.
[[nodiscard]] Status add_ordered_backlog(Db& db, WallTime now, std::vector<Backlog>& backlog);

}  // namespace postrider::sqlite
