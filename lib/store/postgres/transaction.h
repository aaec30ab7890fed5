// The transactions of the writing session.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/postgres/appends.h"
#include "store/postgres/pg_connection.h"

namespace postrider::postgres {

/// A transaction of the writing session. BEGIN and savepoints are sent with the next statement, not
/// in round trips of their own: a transaction of n statements costs n round trips and one for its
/// commit, and a transaction without statements costs none. Inserted rows of all commands are sent
/// together in the same way, so a transaction that only appends costs one round trip.
class Transaction {
 public:
  /// `db` outlives the object. `node` is the node of the transactions, which fail once it was
  /// removed; 0 = no node.
  Transaction(Connection& db, std::int64_t node) : db_(db), node_(node) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() = default;

  /// Connects again if the session has ended. After success, a commit that returned an error either
  /// was done or never will be.
  [[nodiscard]] Status begin();
  /// If the session ends during the commit, a new session finds out whether it was committed. An
  /// error may be returned for a committed transaction only if that server accepts no new session,
  /// or its synchronous standbys do not respond.
  [[nodiscard]] Status commit();
  void rollback();
  /// Returns the rows to insert; only while the transaction is open. They are sent before the next
  /// statement, at the latest with the commit, so another statement may return their error.
  [[nodiscard]] Appends& appends();
  /// Sends the rows to insert now if they are many.
  [[nodiscard]] Status send_many();
  [[nodiscard]] Status savepoint();
  [[nodiscard]] Status release_savepoint();
  void rollback_to_savepoint();
  /// Returns whether the transaction is open; false if its session has ended.
  [[nodiscard]] bool is_open() const;
  /// kUnavailable unless the transaction is open.
  [[nodiscard]] Status check_open() const;
  /// Outside of a transaction, opens a new session if needed. Inside one, returns kUnavailable if
  /// its session has ended.
  [[nodiscard]] Status ensure_session();

 private:
  struct SavepointQueries {
    std::string_view set;
    std::string_view release;
    std::string_view rollback_to;
  };

  /// The state of the savepoint: kWaiting until a statement follows it.
  enum class Saved : std::uint8_t { kNo, kWaiting, kQueued };

  [[nodiscard]] const SavepointQueries& savepoint_queries() const;
  [[nodiscard]] bool was_sent() const { return db_.exchanges() != begun_at_; }
  /// Returns whether the server has received the savepoint.
  [[nodiscard]] bool savepoint_was_sent() const {
    return saved_ == Saved::kQueued && db_.exchanges() != saved_at_;
  }
  /// Queues the waiting savepoint and the rows before and after it.
  void queue_waiting();
  /// Makes the connection call queue_waiting() before the next statement.
  void wait_for_next();
  void forget_waiting();
  /// A server process and its server; see Connection::server().
  struct ServerProcess {
    int process = 0;
    std::string server;
  };
  /// Ends the server process of the earlier session. After success, no statement of that session is
  /// run any more.
  [[nodiscard]] Status end_session_before();
  /// Finds out whether the transaction `id` of an ended session was committed. Returns `lost` if it
  /// was not, or if that stays unknown.
  [[nodiscard]] Status find_out(const std::string& id, const Error& lost);
  /// Waits until everything committed so far is on the synchronous standbys, if there are any.
  [[nodiscard]] Status wait_for_standbys();

  Connection& db_;
  const std::int64_t node_;
  bool open_ = false;
  std::int64_t session_ = 0;      // the session of this transaction or the last one
  ServerProcess server_process_;  // the server process of that session
  std::int64_t begun_at_ = 0;     // Connection::exchanges() at begin()
  std::size_t begun_with_ = 0;    // statements that begin() has queued
  Appends appends_before_;        // rows from before the savepoint
  Appends appends_;
  Saved saved_ = Saved::kNo;
  std::int64_t saved_at_ = 0;     // Connection::exchanges() at the savepoint
  std::size_t saved_behind_ = 0;  // statements that were queued before it
  bool other_name_ = false;       // savepoints alternate between two names
};

}  // namespace postrider::postgres
