// Checks a database for damage.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace postrider::sqlite {

/// Reads the whole database and checks SQLite's own integrity, references, and the invariants of
/// our rows. Returns a line for people per finding; none means that the database is sound. Fails
/// only if the database could not be read at all.
[[nodiscard]] Result<std::vector<std::string>> check(const std::string& path);

}  // namespace postrider::sqlite
