// The lock of the process that serves a database.
#pragma once

#include <string>

#include "base/error.h"

namespace postrider::sqlite {

/// An exclusive lock on `<database>.lock`. The database itself is not locked, because producers and
/// backups open it too. The lock ends with its object, or with its process however that ends.
class DatabaseLock {
 public:
  /// Does not wait. kBusy if another process has the lock; the context names the lock file and the
  /// process. kCorrupt, without creating a lock file, if the database does not belong to this
  /// program.
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
