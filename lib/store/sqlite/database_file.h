// Opens database files: refuses, creates and migrates them.
#pragma once

#include <memory>
#include <string>

#include "store/sqlite/sqlite_db.h"

namespace postrider::sqlite {

/// The application id in the file's header: "PSTR".
inline constexpr std::int64_t kApplicationId = 0x50535452;

/// kCorrupt if open_writable() would refuse the file, as far as reading shows. Accepts a missing
/// file. Writes nothing.
[[nodiscard]] Status check_usable(const std::string& path);

/// Opens `path` for writing and migrates it to the newest schema. Creates a missing file, with mode
/// 0600. Refuses with kCorrupt, without changing it, a file that is not a database, belongs to
/// another application, has a newer version or is visibly damaged. Two processes may do this at
/// once; one may get kBusy.
[[nodiscard]] Result<std::unique_ptr<Db>> open_writable(const std::string& path);

/// Opens an existing, migrated database for reading.
[[nodiscard]] Result<std::unique_ptr<Db>> open_readable(const std::string& path);

/// Returns whether users who are neither the file's owner nor in its group have any permission on
/// it.
[[nodiscard]] bool is_readable_by_others(const std::string& path);

/// Returns the newest schema version that this program knows.
[[nodiscard]] std::int64_t newest_version();

}  // namespace postrider::sqlite
