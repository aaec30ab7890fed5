#include "bench/database_files.h"

#include <filesystem>
#include <system_error>

namespace postrider::bench {
namespace {

std::int64_t size_of(const std::string& file) {
  std::error_code none;
  const auto size = std::filesystem::file_size(file, none);
  return none ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

void remove_database(const std::string& database) {
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    std::error_code ignored;
    std::filesystem::remove(database + suffix, ignored);
  }
}

FileSizes database_sizes(const std::string& database) {
  return {size_of(database), size_of(database + "-wal")};
}

}  // namespace postrider::bench
