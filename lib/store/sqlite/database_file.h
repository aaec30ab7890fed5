// Opening a database file: what is refused, what is created, what is migrated.
#pragma once

#include <memory>
#include <string>

#include "store/sqlite/sqlite_db.h"

namespace postrider::sqlite {

/// Says "PSTR" in the file's header.
inline constexpr std::int64_t kApplicationId = 0x50535452;

/// Whether open_writable() would take the file, as far as reading tells; also when there is none
/// yet. kCorrupt for what it refuses. Writes nothing.
[[nodiscard]] Status check_usable(const std::string& path);

/// Opens `path` for writing; makes it when it is missing or empty, for its owner alone (mode 0600),
/// and migrates it to the newest schema. What is no database, belongs to another application, is of
/// a newer version or visibly damaged is refused with kCorrupt and left as it is. Safe when two
/// processes do it at once: one may get kBusy.
[[nodiscard]] Result<std::unique_ptr<Db>> open_writable(const std::string& path);

/// Opens an existing, migrated database for reading.
[[nodiscard]] Result<std::unique_ptr<Db>> open_readable(const std::string& path);

/// Whether users who are neither the file's owner nor of its group may open it.
[[nodiscard]] bool is_readable_by_others(const std::string& path);

/// The version of the schema that this program knows.
[[nodiscard]] std::int64_t newest_version();

}  // namespace postrider::sqlite
