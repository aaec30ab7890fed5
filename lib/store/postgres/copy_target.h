// The target of a copy: a schema of a PostgreSQL database.
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

/// Identifies the source of an unfinished copy. The schema contains it from the start of the copy
/// until the copy is finished.
struct CopyMark {
  std::int64_t salt = 0;     ///< of the source's ids
  std::int64_t content = 0;  ///< a fingerprint of its rows; 0 = the copy has to start again
};

/// A session that prevents other copies into the schema while it lasts; the mark keeps nodes out.
/// Owned by one thread. kUnavailable: there is no session, or the server accepts no writes. Nothing
/// of the transaction was kept then, and the object must not be used again.
class CopyTarget {
 public:
  /// Connects, and creates the tables if there are none. kConflict: the schema has an older
  /// version. kBusy: another copy is under way. Other errors are those of open_writable().
  [[nodiscard]] static Result<std::unique_ptr<CopyTarget>> open(const std::string& url);
  CopyTarget(const CopyTarget&) = delete;
  CopyTarget& operator=(const CopyTarget&) = delete;
  ~CopyTarget();

  [[nodiscard]] const std::string& schema() const;
  /// Returns nothing if the schema has no unfinished copy.
  [[nodiscard]] Result<std::optional<CopyMark>> mark();
  [[nodiscard]] Result<std::int64_t> id_salt();
  [[nodiscard]] Result<bool> has_rows(const CopiedTable& table);
  [[nodiscard]] Result<std::int64_t> count(const CopiedTable& table);
  /// kBusy while the lease of any node, active or standby, has not expired.
  [[nodiscard]] Status refuse_nodes();
  /// Passes the rows to `take` in key order.
  [[nodiscard]] Status each(const CopiedTable& table, const std::function<void(CellRow row)>& take);

  // Transactions. After an error, nothing of the transaction is kept.

  [[nodiscard]] Status begin();
  /// kBusy as for refuse_nodes(). Otherwise no node joins until the transaction ends, and nodes
  /// whose leases have expired are removed, so they can no longer write.
  [[nodiscard]] Status keep_nodes_out();
  /// Removes the rows of every table but `outbox` and `meta`.
  [[nodiscard]] Status remove_rows();
  [[nodiscard]] Status set_mark(const CopyMark& mark);
  [[nodiscard]] Status write(const CopyBatch& batch);
  /// Makes producers wait until the transaction ends.
  [[nodiscard]] Status lock_outbox();
  /// Removes the rows of `meta` that the schema was created with; copied rows replace them.
  [[nodiscard]] Status remove_meta();
  /// Advances the table's identity past the copied ids.
  [[nodiscard]] Status continue_ids(const CopiedTable& table);
  /// Makes the schema usable by nodes.
  [[nodiscard]] Status remove_mark();
  /// If the session ends during the commit, a new session finds out whether it was committed.
  [[nodiscard]] Status commit();
  void rollback();

 private:
  explicit CopyTarget(std::unique_ptr<Connection> db);

  [[nodiscard]] Result<std::int64_t> number(std::string_view sql);

  const std::unique_ptr<Connection> db_;
  const std::unique_ptr<Transaction> transaction_;
  const std::int64_t session_;  // the session that has the advisory lock
  // Connection finds a prepared statement by the address of its text, so the texts are kept here.
  const std::string remove_rows_sql_;
  std::unordered_map<const CopiedTable*, std::string> inserts_;
};

}  // namespace postrider::postgres
