// An online copy of a database.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"

namespace postrider::sqlite {

/// Called between steps with pages copied and pages in all.
using BackupProgress = std::function<void(std::int64_t done, std::int64_t total)>;

/// Copies the database at `from` to the new file `to`, as of one moment, while a service may go on
/// writing. Returns when the copy is on the disk. kConflict: `to` exists; it is left as it is.
/// After any other error `to` does not exist.
[[nodiscard]] Status backup(
    const std::string& from, const std::string& to, const BackupProgress& progress = nullptr
);

}  // namespace postrider::sqlite
