// The files of a measurement's database.
#pragma once

#include <cstdint>
#include <string>

namespace postrider::bench {

/// Removes the database and its companion files; missing files are not an error.
void remove_database(const std::string& database);

/// Sizes in bytes; 0 for missing files.
struct FileSizes {
  std::int64_t database = 0;
  std::int64_t log = 0;
};
[[nodiscard]] FileSizes database_sizes(const std::string& database);

}  // namespace postrider::bench
