// Opens databases: refuses and migrates schemas.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "store/postgres/pg_connection.h"

namespace postrider::postgres {

/// Connects for writing and migrates the schema to the newest version. Refuses with kCorrupt,
/// without changing it, a schema that a newer or different version of this program has migrated, or
/// that has other tables of these names; the context is a sentence for people. Several nodes may do
/// this at once.
[[nodiscard]] Result<std::unique_ptr<Connection>> open_writable(const std::string& url);

/// Opens a schema for a copy into it, as open_writable() does. kConflict, without changing it, if
/// the schema has an older version and no unfinished copy.
[[nodiscard]] Result<std::unique_ptr<Connection>> open_new(const std::string& url);

/// Connects to a migrated database for reading. kNotFound if it has not been migrated.
[[nodiscard]] Result<std::unique_ptr<Connection>> open_readable(const std::string& url);

/// kConflict if the schema has an unfinished copy; the context says how to finish it.
[[nodiscard]] Status refuse_unfinished_copy(Connection& db);

/// Returns the newest schema version that this program knows.
[[nodiscard]] std::int64_t newest_version();

}  // namespace postrider::postgres
