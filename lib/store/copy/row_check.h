// Checks, before anything is written, that values fit the columns of PostgreSQL.
#pragma once

#include "store/copied_tables.h"

namespace postrider::copy {

/// kInvalidArgument if a value does not fit its column: text that is not UTF-8 or has a NUL, a
/// value of another type, or a number out of range. The context names table, row and column and
/// contains no payload.
[[nodiscard]] Status check_row(const CopiedTable& table, CellRow row);

}  // namespace postrider::copy
