// Says which process serves a database.
#pragma once

#include <string>

#include "base/error.h"

namespace postrider::sqlite {

/// An exclusive lock on `<database>.lock`. Never on the database itself, which producers and
/// backups open too. Ends with its object and with its process, however that ends.
class DatabaseLock {
 public:
  /// Does not wait. kBusy when another process holds it; the context names the lock file and the
  /// process. kCorrupt, and no lock file is made, when the database is not one of this program.
  [[nodiscard]] static Result<DatabaseLock> take(const std::string& database);

  DatabaseLock(DatabaseLock&& other) noexcept;
  DatabaseLock& operator=(DatabaseLock&&) = delete;
  DatabaseLock(const DatabaseLock&) = delete;
  DatabaseLock& operator=(const DatabaseLock&) = delete;
  ~DatabaseLock();

 private:
  explicit DatabaseLock(int file) : file_(file) {}

  int file_;  // -1 after a move
};

}  // namespace postrider::sqlite
