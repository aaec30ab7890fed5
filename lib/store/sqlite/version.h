#pragma once

#include <string>

namespace postrider::sqlite {

/// Returns the version of the SQLite library that runs.
[[nodiscard]] std::string library_version();

}  // namespace postrider::sqlite
