// An online copy of a database.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"

namespace postrider::sqlite {

/// Called after each step with the number of copied pages and the total.
using BackupProgress = std::function<void(std::int64_t done, std::int64_t total)>;

/// Copies the database at `from` to the new file `to`. The copy has the state of one moment; a
/// service may keep writing meanwhile. Returns when the copy is on the disk. kConflict: `to` exists
/// and was not changed. After any other error, `to` does not exist.
[[nodiscard]] Status backup(
    const std::string& from, const std::string& to, const BackupProgress& progress = nullptr
);

}  // namespace postrider::sqlite
