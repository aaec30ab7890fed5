// What waits in lines, counted.
#pragma once

#include <vector>

#include "store/records.h"
#include "store/sqlite/sqlite_db.h"

namespace postrider::sqlite {

/// Adds what waits in lines to a backlog that is sorted by endpoint, and sorts it again. A delivery
/// in a line is due when it is and its head is: what waits for a retry of its head is scheduled.
[[nodiscard]] Status add_ordered_backlog(Db& db, WallTime now, std::vector<Backlog>& backlog);

}  // namespace postrider::sqlite
