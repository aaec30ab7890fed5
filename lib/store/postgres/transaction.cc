#include "store/postgres/transaction.h"

#include <vector>

#include "base/assert.h"
#include "store/postgres/sql_nodes.h"
#include "store/postgres/sql_session.h"

namespace postrider::postgres {
namespace {

/// Rows of more than this size are sent at once, because waiting rows are copied once more when
/// they are sent.
constexpr std::size_t kAppendsBytesMax = 1U << 20U;
/// Shorter than usual, because this wait follows another one and the caller waits for the result.
constexpr Millis kStandbySilenceMax{2000};

}  // namespace

Status Transaction::begin() {
  POSTRIDER_ASSERT(!open_);
  if (db_.in_transaction()) rollback();  // of a commit that failed
  forget_waiting();
  if (auto status = db_.ensure_open(); !status) return status;
  if (auto status = end_session_before(); !status) return status;
  db_.queue(sql::kBeginWrite);
  if (node_ != 0) db_.queue(sql::kRequireNode, node_);
  begun_with_ = db_.queued_count();
  open_ = true;
  begun_at_ = db_.exchanges();
  return {};
}

Status Transaction::end_session_before() {
  if (session_ == db_.session()) return {};
  // The server may not have noticed yet that the session has ended. On another server, the process
  // is a different one.
  if (server_process_.server == db_.server()) {
    const auto is_gone = [](const Row& row) { return row.boolean(0); };
    const auto gone = db_.one(sql::kEndProcess, is_gone, server_process_.process);
    if (!gone) return tl::unexpected<Error>(gone.error());
    if (*gone == false)
      return fail(Errc::kUnavailable, "postgresql: the session before has not ended yet");
  }
  session_ = db_.session();
  server_process_ = {db_.process(), db_.server()};
  return {};
}

bool Transaction::is_open() const {
  if (!open_ || !db_.is_open() || db_.session() != session_) return false;
  return !was_sent() || db_.in_transaction();
}

Status Transaction::check_open() const {
  if (is_open()) return {};
  return fail(Errc::kUnavailable, "the session with PostgreSQL has ended");
}

Status Transaction::ensure_session() { return open_ ? check_open() : db_.ensure_open(); }

Status Transaction::commit() {
  if (auto open = check_open(); !open) {
    rollback();
    return open;
  }
  queue_waiting();
  open_ = false;
  if (!was_sent() && db_.queued_count() == begun_with_) {
    db_.drop_queued();
    return {};
  }
  std::vector<Rows> rows;
  db_.queue(sql::kTransactionId);
  const std::size_t id_at = db_.queued_count() - 1;
  db_.queue(sql::kCommit);
  const Status committed = db_.exchange_last(rows);
  if (committed) {
    // The server answers ROLLBACK to the COMMIT of a transaction in which a statement failed.
    if (rows.back().tag() != "COMMIT")
      return fail(Errc::kInternal, "postgresql: the transaction was rolled back at its commit");
    return db_.is_unreplicated() ? wait_for_standbys() : Status{};
  }
  const Error& error = committed.error();
  rollback();
  if (db_.is_open() || rows.size() <= id_at || rows[id_at].row(0).is_null(0))
    return tl::unexpected<Error>(error);
  return find_out(rows[id_at].row(0).text(0), error);
}

Status Transaction::find_out(const std::string& id, const Error& lost) {
  const std::string server = server_process_.server;
  if (auto again = db_.ensure_open(); !again) return tl::unexpected<Error>(lost);
  if (auto ended = end_session_before(); !ended) return tl::unexpected<Error>(lost);
  // On another server, the id may belong to another transaction.
  if (db_.server() != server) return tl::unexpected<Error>(lost);
  const auto is_committed = [](const Row& row) { return row.view(0) == "committed"; };
  const auto committed = db_.one(sql::kTransactionStatus, is_committed, id);
  // The process may have been waiting for a standby when it was ended.
  if (committed && *committed == true && wait_for_standbys()) return {};
  return tl::unexpected<Error>(lost);
}

Status Transaction::wait_for_standbys() {
  const Millis usual = db_.allow_silence(kStandbySilenceMax);
  auto waited = db_.run(sql::kWaitForStandbys);
  db_.allow_silence(usual);
  if (!waited || !db_.is_unreplicated()) return waited;
  return fail(
      Errc::kUnavailable, "postgresql: the wait for the synchronous standby has been cancelled"
  );
}

void Transaction::rollback() {
  open_ = false;
  forget_waiting();
  db_.drop_queued();
  // If this fails, the session and its transaction have ended.
  if (db_.in_transaction()) static_cast<void>(db_.run(sql::kRollback).has_value());
}

const Transaction::SavepointQueries& Transaction::savepoint_queries() const {
  static constexpr SavepointQueries kQueries{
      sql::kSavepoint, sql::kReleaseSavepoint, sql::kRollbackToSavepoint};
  static constexpr SavepointQueries kOtherQueries{
      sql::kOtherSavepoint, sql::kReleaseOtherSavepoint, sql::kRollbackToOtherSavepoint};
  return other_name_ ? kOtherQueries : kQueries;
}

Appends& Transaction::appends() {
  POSTRIDER_ASSERT(open_);
  wait_for_next();
  return appends_;
}

Status Transaction::send_many() {
  if (appends_.bytes() + appends_before_.bytes() < kAppendsBytesMax) return {};
  queue_waiting();
  return db_.exchange().map([](const auto&) {});
}

void Transaction::wait_for_next() {
  db_.before_next([this] { queue_waiting(); });
}

void Transaction::forget_waiting() {
  db_.before_next(nullptr);
  appends_before_.clear();
  appends_.clear();
  saved_ = Saved::kNo;
}

void Transaction::queue_waiting() {
  db_.before_next(nullptr);
  appends_before_.queue(db_);
  appends_before_.clear();
  if (saved_ == Saved::kWaiting) {
    saved_ = Saved::kQueued;
    other_name_ = !other_name_;
    saved_at_ = db_.exchanges();
    saved_behind_ = db_.queued_count();
    db_.queue(savepoint_queries().set);
  }
  appends_.queue(db_);
  appends_.clear();
}

Status Transaction::savepoint() {
  if (auto open = check_open(); !open) return open;
  appends_before_.merge(appends_);
  appends_.clear();
  saved_ = Saved::kWaiting;
  wait_for_next();
  return {};
}

Status Transaction::release_savepoint() {
  if (auto open = check_open(); !open) return open;
  if (saved_ == Saved::kWaiting) {
    appends_before_.merge(appends_);
    appends_.clear();
  } else {
    db_.queue(savepoint_queries().release);
  }
  saved_ = Saved::kNo;
  return {};
}

void Transaction::rollback_to_savepoint() {
  if (!is_open()) return;
  appends_.clear();
  const bool was_queued = saved_ == Saved::kQueued;
  const bool was_sent = savepoint_was_sent();
  saved_ = Saved::kNo;
  if (!was_queued) return;
  if (!was_sent) return db_.drop_queued(saved_behind_);
  db_.drop_queued();
  db_.queue(savepoint_queries().rollback_to);
  db_.queue(savepoint_queries().release);
  // If this fails, the whole transaction is rolled back: commit() would otherwise keep changes that
  // were to be undone, or lose earlier ones.
  if (!db_.exchange()) rollback();
}

}  // namespace postrider::postgres
