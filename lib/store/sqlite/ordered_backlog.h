// Counts pending deliveries with an ordering key.
#pragma once

#include <vector>

#include "store/records.h"
#include "store/sqlite/sqlite_db.h"

namespace postrider::sqlite {

/// Adds the counts of deliveries with an ordering key to `backlog`, which is sorted by endpoint
/// before and after.
[[nodiscard]] Status add_ordered_backlog(Db& db, WallTime now, std::vector<Backlog>& backlog);

}  // namespace postrider::sqlite
