#include "store/migration_files.h"

#include <algorithm>
#include <charconv>

#include "base/assert.h"
#include "base/fnv1a.h"

namespace postrider {

std::int64_t migration_number(std::string_view file_name) {
  std::int64_t number = 0;
  const auto parsed =
      std::from_chars(file_name.data(), file_name.data() + file_name.size(), number);
  POSTRIDER_ASSERT(parsed.ec == std::errc{});
  return number;
}

std::string migration_checksum(std::string_view text) {
  std::uint64_t hash = fnv1a(text);
  std::string digits(16, '0');
  for (std::size_t i = digits.size(); i-- > 0;) {
    digits[i] = "0123456789abcdef"[hash & 15U];
    hash >>= 4U;
  }
  return digits;
}

Status check_applied(
    std::span<const MigrationFile> files,
    const std::vector<AppliedMigration>& applied,
    const std::string& database
) {
  for (const AppliedMigration& row : applied) {
    const auto file = std::find_if(files.begin(), files.end(), [&](const MigrationFile& one) {
      return migration_number(one.name) == row.number;
    });
    if (file == files.end())
      return fail(Errc::kCorrupt, database + " has a migration that this program does not know");
    if (migration_checksum(file->text) != row.checksum) {
      return fail(
          Errc::kCorrupt,
          database + " was migrated by another version of " + std::string{file->name}
      );
    }
  }
  return {};
}

bool is_applied(const std::vector<AppliedMigration>& applied, std::int64_t number) {
  return std::any_of(applied.begin(), applied.end(), [number](const AppliedMigration& row) {
    return row.number == number;
  });
}

}  // namespace postrider
