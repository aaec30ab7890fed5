// The transactions of the writing session.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/postgres/appends.h"
#include "store/postgres/pg_connection.h"

namespace postrider::postgres {

/// Where a transaction begins and where its savepoints are travels with its first statements, not
/// on round trips of its own: a transaction of n statements costs n round trips and one for its
/// commit, one without statements costs none. Rows that it inserts travel likewise, those of all
/// its commands together: a transaction that only appends costs one round trip in all.
class Transaction {
 public:
  /// `db` outlives it. `node`: whose transactions they are; they fail once it was removed. 0: of
  /// nobody.
  Transaction(Connection& db, std::int64_t node) : db_(db), node_(node) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() = default;

  /// Connects anew when the session has ended. A commit that seemed to fail is then done, or never
  /// will be.
  [[nodiscard]] Status begin();
  /// When the session ends on the way another one asks what became of the transaction. Only when
  /// there is none to be had on that server, or its synchronous standbys do not answer, may an
  /// error be of a transaction that was committed.
  [[nodiscard]] Status commit();
  void rollback();
  /// Rows to insert, while it is open. They go to the server before whatever is asked for next, at
  /// the latest with the commit; so what is wrong with them may be told by another statement.
  [[nodiscard]] Appends& appends();
  /// Sends them now if they are many.
  [[nodiscard]] Status send_many();
  [[nodiscard]] Status savepoint();
  [[nodiscard]] Status release_savepoint();
  void rollback_to_savepoint();
  /// False also when the session has ended.
  [[nodiscard]] bool is_open() const;
  /// kUnavailable unless it is open.
  [[nodiscard]] Status check_open() const;
  /// What is asked for outside of a transaction may go to a new session; never what belongs to one
  /// whose session has ended.
  [[nodiscard]] Status ensure_session();

 private:
  struct SavepointQueries {
    std::string_view set;
    std::string_view release;
    std::string_view rollback_to;
  };

  /// Of the savepoint: kWaiting until there is a statement behind it.
  enum class Saved : std::uint8_t { kNo, kWaiting, kQueued };

  [[nodiscard]] const SavepointQueries& savepoint_queries() const;
  [[nodiscard]] bool was_sent() const { return db_.exchanges() != begun_at_; }
  /// Whether the server knows of the savepoint.
  [[nodiscard]] bool savepoint_was_sent() const {
    return saved_ == Saved::kQueued && db_.exchanges() != saved_at_;
  }
  /// Queues what waits for the next statement.
  void queue_waiting();
  /// Has it queued before that.
  void wait_for_next();
  void forget_waiting();
  /// The server's process of the last session, and the server.
  struct ListPosition {
    int process = 0;
    std::string server;
  };
  /// Once it has succeeded nothing that another session was asked for happens any more.
  [[nodiscard]] Status end_session_before();
  /// What became of a transaction whose session has ended.
  [[nodiscard]] Status find_out(const std::string& id, const Error& lost);
  /// Until all that was committed so far is on the synchronous standbys, if there are any.
  [[nodiscard]] Status wait_for_standbys();

  Connection& db_;
  const std::int64_t node_;
  bool open_ = false;
  std::int64_t session_ = 0;    // in which it is open, or was last
  ListPosition place_;          // likewise
  std::int64_t begun_at_ = 0;   // Connection::exchanges() then
  std::size_t begun_with_ = 0;  // statements
  Appends appends_before_;      // what the savepoint does not undo
  Appends appends_;
  Saved saved_ = Saved::kNo;
  std::int64_t saved_at_ = 0;     // Connection::exchanges() then
  std::size_t saved_behind_ = 0;  // statements that were queued before it
  bool other_name_ = false;       // savepoints have two names in turn
};

}  // namespace postrider::postgres
