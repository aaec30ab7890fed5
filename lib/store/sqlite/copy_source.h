// The source of a copy: a SQLite database.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "store/copied_tables.h"
#include "store/sqlite/database_lock.h"

namespace postrider::sqlite {

class Db;

/// Prevents other writes to the database while the object lives, by a service and by producers,
/// whose rows would not be copied. Does not change rows. Owned by one thread.
class CopySource {
 public:
  /// Takes the database's lock and migrates it to the newest schema. kNotFound if there is no
  /// database; kBusy if a service or another writer uses it. A file that open_writable() refuses is
  /// not changed.
  [[nodiscard]] static Result<std::unique_ptr<CopySource>> open(const std::string& path);
  CopySource(const CopySource&) = delete;
  CopySource& operator=(const CopySource&) = delete;
  ~CopySource();

  /// Returns the salt of the database's ids; see IdCodec.
  [[nodiscard]] Result<std::int64_t> id_salt();
  /// Passes the rows to `take` in key order, without the first `skip`, until `take` returns an
  /// error. An integer is kInteger and any other value kBytes, whatever type the column declares;
  /// NULL is kNull.
  [[nodiscard]] Status each(const CopiedTable& table, std::int64_t skip, const TakeRow& take);

 private:
  CopySource(DatabaseLock lock, std::unique_ptr<Db> db);

  // Declared in the order of construction: the connection closes before the lock is released.
  const DatabaseLock lock_;
  // Db finds a prepared statement by the address of its text, so the texts are kept here.
  std::unordered_map<const CopiedTable*, std::string> selects_;
  const std::unique_ptr<Db> db_;
};

}  // namespace postrider::sqlite
