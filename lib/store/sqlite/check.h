// Whether a database is sound.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace postrider::sqlite {

/// Reads the whole database: SQLite's own integrity, references, and what must be true of our rows.
/// Each finding is a line for people; none means that it is sound. An error when it could not be
/// read at all.
[[nodiscard]] Result<std::vector<std::string>> check(const std::string& path);

}  // namespace postrider::sqlite
