#include "bench/database_files.h"

#include <filesystem>
#include <system_error>

namespace postrider::bench {

void remove_database(const std::string& database) {
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    std::error_code ignored;
    std::filesystem::remove(database + suffix, ignored);
  }
}

std::int64_t database_bytes(const std::string& database) {
  std::int64_t bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code none;
    const auto size = std::filesystem::file_size(database + suffix, none);
    if (!none) bytes += static_cast<std::int64_t>(size);
  }
  return bytes;
}

}  // namespace postrider::bench
