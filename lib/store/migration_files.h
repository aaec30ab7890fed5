// Compares the embedded migrations with those that a database has applied.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace postrider {

/// One file of migrations/<database>; its name begins with its number.
struct MigrationFile {
  std::string_view name;
  std::string_view text;
};

/// A row of the database's table of migrations.
struct AppliedMigration {
  std::int64_t number = 0;
  std::string checksum;
};

/// Returns the embedded files in their order.
template <class EmbeddedFiles>
[[nodiscard]] std::vector<MigrationFile> migration_files(const EmbeddedFiles& embedded) {
  std::vector<MigrationFile> files;
  files.reserve(embedded.size());
  for (const auto& file : embedded) files.push_back({file.name, file.text});
  return files;
}

[[nodiscard]] std::int64_t migration_number(std::string_view file_name);

/// Returns a checksum that detects an edited file.
[[nodiscard]] std::string migration_checksum(std::string_view text);

/// kCorrupt if `applied` has a number that is not among `files`, or one that was applied with
/// another text. `database` is the name of the database in the error's context.
[[nodiscard]] Status check_applied(
    std::span<const MigrationFile> files,
    const std::vector<AppliedMigration>& applied,
    const std::string& database
);

[[nodiscard]] bool is_applied(const std::vector<AppliedMigration>& applied, std::int64_t number);

}  // namespace postrider
