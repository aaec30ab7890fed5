// The schema that a copy is made in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "store/copied_tables.h"
#include "store/postgres/copy_batch.h"

namespace postrider::postgres {

class Connection;
class Transaction;

/// Of what the copy in a schema is made. There from its beginning until it is finished.
struct CopyMark {
  std::int64_t salt = 0;     ///< of the source's ids
  std::int64_t content = 0;  ///< a fingerprint of its rows; 0 = the copy has to begin anew
};

/// A session that keeps other copies from the schema while it lasts; nodes are kept from it by the
/// mark. Owned by one thread. kUnavailable: there is no session (any more), or the server takes
/// nothing; nothing of the transaction was kept, and the object is of no further use.
class CopyTarget {
 public:
  /// Connects, and makes the tables when there are none. kConflict: the schema is of an older
  /// version; kBusy: another copy is under way; else as open_writable().
  [[nodiscard]] static Result<std::unique_ptr<CopyTarget>> open(const std::string& url);
  CopyTarget(const CopyTarget&) = delete;
  CopyTarget& operator=(const CopyTarget&) = delete;
  ~CopyTarget();

  [[nodiscard]] const std::string& schema() const;
  /// Nothing when no copy is under way.
  [[nodiscard]] Result<std::optional<CopyMark>> mark();
  [[nodiscard]] Result<std::int64_t> id_salt();
  [[nodiscard]] Result<bool> has_rows(const CopiedTable& table);
  [[nodiscard]] Result<std::int64_t> count(const CopiedTable& table);
  /// kBusy while a node serves the schema or stands by.
  [[nodiscard]] Status refuse_nodes();
  /// The rows in the order of their key.
  [[nodiscard]] Status each(const CopiedTable& table, const std::function<void(CellRow row)>& take);

  // Transactions. An error leaves nothing of one.

  [[nodiscard]] Status begin();
  /// The same for the time that follows: no node joins until the transaction ends, and those whose
  /// leases have ended write no more.
  [[nodiscard]] Status keep_nodes_out();
  /// Removes the rows of every table but `outbox` and `meta`.
  [[nodiscard]] Status remove_rows();
  [[nodiscard]] Status set_mark(const CopyMark& mark);
  [[nodiscard]] Status write(const CopyBatch& batch);
  /// Producers wait until the transaction ends.
  [[nodiscard]] Status lock_outbox();
  /// Of the schema itself; what is copied takes its place.
  [[nodiscard]] Status remove_meta();
  /// Ids that the database draws go on behind those that were copied.
  [[nodiscard]] Status continue_ids(const CopiedTable& table);
  /// The schema is one like any other.
  [[nodiscard]] Status remove_mark();
  /// When the session ends on the way, another one asks what became of the transaction.
  [[nodiscard]] Status commit();
  void rollback();

 private:
  explicit CopyTarget(std::unique_ptr<Connection> db);

  [[nodiscard]] Result<std::int64_t> number(std::string_view sql);

  const std::unique_ptr<Connection> db_;
  const std::unique_ptr<Transaction> transaction_;
  const std::int64_t session_;  // of the connection, that has the lock
  // Statements are found again by the address of their text.
  const std::string remove_rows_sql_;
  std::unordered_map<const CopiedTable*, std::string> inserts_;
};

}  // namespace postrider::postgres
