// The files of a database that a measurement makes.
#pragma once

#include <cstdint>
#include <string>

namespace postrider::bench {

/// Removes the database with what lies beside it; what is not there is no failure.
void remove_database(const std::string& database);

/// In bytes; 0 for what is not there.
struct FileSizes {
  std::int64_t database = 0;
  std::int64_t log = 0;
};
[[nodiscard]] FileSizes database_sizes(const std::string& database);

}  // namespace postrider::bench
