// What columns of PostgreSQL take, asked before anything is written.
#pragma once

#include "store/copied_tables.h"

namespace postrider::copy {

/// kInvalidArgument when a value does not fit its column: text that is no UTF-8 or holds a NUL,
/// another type than the column's, a number out of its range. The context names table, row and
/// column and holds no payload.
[[nodiscard]] Status check_row(const CopiedTable& table, CellRow row);

}  // namespace postrider::copy
