// Opening a database: what is refused, what is migrated.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "store/postgres/pg_connection.h"

namespace postrider::postgres {

/// Connects for writing and migrates the schema to the newest version. A schema that a newer or
/// another version of this program has migrated, or that holds other tables of the same names, is
/// refused with kCorrupt and left as it is; the context is a sentence for people. Safe when several
/// nodes do it at once.
[[nodiscard]] Result<std::unique_ptr<Connection>> open_writable(const std::string& url);

/// The same for a copy into the schema: one of an older version is refused with kConflict and left
/// as it is, unless it holds a copy that is not finished.
[[nodiscard]] Result<std::unique_ptr<Connection>> open_new(const std::string& url);

/// Connects to a migrated database for reading. kNotFound when it has not been migrated.
[[nodiscard]] Result<std::unique_ptr<Connection>> open_readable(const std::string& url);

/// kConflict when the schema holds a copy that is not finished; the context says what finishes it.
[[nodiscard]] Status refuse_unfinished_copy(Connection& db);

/// The version of the schema that this program knows.
[[nodiscard]] std::int64_t newest_version();

}  // namespace postrider::postgres
