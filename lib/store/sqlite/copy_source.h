// The database that a copy is made of.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "store/copied_tables.h"
#include "store/sqlite/database_lock.h"

namespace postrider::sqlite {

class Db;

/// Nobody else writes the database while the object lives: no service, and no producer, whose rows
/// would be left behind. Changes nothing in its rows. Owned by one thread.
class CopySource {
 public:
  /// Takes the database's lock and brings it to the newest schema. kNotFound when there is none;
  /// kBusy when a service or another writer is at it; what is refused as by open_writable() is left
  /// as it is.
  [[nodiscard]] static Result<std::unique_ptr<CopySource>> open(const std::string& path);
  CopySource(const CopySource&) = delete;
  CopySource& operator=(const CopySource&) = delete;
  ~CopySource();

  /// What makes the ids of the database its own.
  [[nodiscard]] Result<std::int64_t> id_salt();
  /// The rows in the order of their key, without the first `skip`; no more after the first error of
  /// `take`. A number is an integer, everything else bytes, whatever the column was declared to be.
  [[nodiscard]] Status each(const CopiedTable& table, std::int64_t skip, const TakeRow& take);

 private:
  CopySource(DatabaseLock lock, std::unique_ptr<Db> db);

  // In the order they are made; they end the other way round.
  const DatabaseLock lock_;
  // Statements are found again by the address of their text.
  std::unordered_map<const CopiedTable*, std::string> selects_;
  const std::unique_ptr<Db> db_;
};

}  // namespace postrider::sqlite
