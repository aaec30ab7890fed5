// Wraps libpq: connections, errors, statements, rows. Only pg_connection.cc and pg_rows.cc include
// libpq-fe.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "domain/id.h"
#include "store/postgres/pg_params.h"
#include "store/postgres/statement_text.h"

struct pg_conn;
struct pg_result;

namespace postrider::postgres {

struct CloseConnection {
  void operator()(pg_conn* connection) const noexcept;
};
struct ClearResult {
  void operator()(pg_result* result) const noexcept;
};
using ConnectionHandle = std::unique_ptr<pg_conn, CloseConnection>;
using ResultHandle = std::unique_ptr<pg_result, ClearResult>;

/// Returns the Errc of an SQLSTATE.
[[nodiscard]] Errc errc_of(std::string_view sqlstate);
/// Returns Error::native of an SQLSTATE: its five characters as a number in base 36.
[[nodiscard]] int native_of(std::string_view sqlstate);

/// One row, valid as long as its Rows.
class Row {
 public:
  /// `damage` receives the text of the first report_damage().
  Row(const pg_result* result, int number, std::string& damage)
      : result_(result), number_(number), damage_(&damage) {}

  [[nodiscard]] bool is_null(int column) const;
  /// For columns of type bigint, integer or boolean. 0 for NULL.
  [[nodiscard]] std::int64_t i64(int column) const;
  [[nodiscard]] int i32(int column) const { return static_cast<int>(i64(column)); }
  [[nodiscard]] bool boolean(int column) const { return i64(column) != 0; }
  /// For columns of type text or bytea. Empty for NULL.
  [[nodiscard]] std::string_view view(int column) const;
  [[nodiscard]] std::string text(int column) const { return std::string{view(column)}; }
  [[nodiscard]] std::optional<std::string> optional_text(int column) const;
  [[nodiscard]] WallTime time(int column) const { return from_unix_ms(i64(column)); }
  [[nodiscard]] std::optional<WallTime> optional_time(int column) const;

  /// Reports that the row contains something that the schema does not allow. Rows::all() and
  /// Rows::one() then fail with kCorrupt.
  void report_damage(std::string_view what) const {
    if (damage_->empty()) *damage_ = what;
  }

 private:
  const pg_result* result_;
  int number_;
  std::string* damage_;
};

/// The result of a statement.
class Rows {
 public:
  explicit Rows(ResultHandle result) : result_(std::move(result)) {}

  [[nodiscard]] int size() const;
  [[nodiscard]] Row row(int number) const { return {result_.get(), number, damage_}; }
  /// kCorrupt if one of the rows has reported damage.
  [[nodiscard]] Status check() const;
  /// Returns the number of rows that an INSERT, UPDATE or DELETE changed.
  [[nodiscard]] std::int64_t changes() const;
  /// Returns the server's command tag, such as "COMMIT".
  [[nodiscard]] std::string_view tag() const;

  template <class Read>
  [[nodiscard]] auto all(const Read& read) const
      -> Result<std::vector<std::invoke_result_t<Read, Row>>> {
    std::vector<std::invoke_result_t<Read, Row>> found;
    found.reserve(static_cast<std::size_t>(size()));
    for (int i = 0; i < size(); ++i) found.push_back(read(row(i)));
    return check().map([&] { return std::move(found); });
  }
  template <class Read>
  [[nodiscard]] auto one(const Read& read) const
      -> Result<std::optional<std::invoke_result_t<Read, Row>>> {
    std::optional<std::invoke_result_t<Read, Row>> found;
    if (size() > 0) found = read(row(0));
    return check().map([&] { return std::move(found); });
  }

 private:
  ResultHandle result_;
  mutable std::string damage_;  // the first damage that a row reported
};

enum class Role : std::uint8_t { kReader, kWriter };

/// A message that a session sent with NOTIFY.
struct Notification {
  int process = 0;  ///< the server process of that session
  std::string message;
};

/// A session with its prepared statements. Owned by one thread.
///
/// A statement is prepared at its first use, kept for the session, and found by the address of its
/// text. Texts are embedded .sql files or made from the list of copied tables, and must outlive the
/// connection. Parameters are passed in the order of their first appearance in the text. Queued
/// statements are sent together, in one round trip, with the next exchange. If one fails, the
/// statements after it are not run.
///
/// kUnavailable: there is no session, or the server accepts no writes. After a lost session,
/// ensure_open() opens another one. No wait is unbounded: if the server stays silent for some
/// seconds while a result is pending, the session counts as lost.
class Connection {
 public:
  /// `url`: postgresql://..., or keywords and values as libpq takes them.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(std::string url, Role role);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  /// Connects again if the session has ended, as far as that is known without asking the server.
  /// Called outside of transactions, with nothing queued.
  [[nodiscard]] Status ensure_open();
  /// Returns false once the session is known to have ended.
  [[nodiscard]] bool is_open() const { return handle_ != nullptr; }
  /// Returns the number of the session. Each session has a higher one: what an earlier session knew
  /// of the database may no longer be true.
  [[nodiscard]] std::int64_t session() const { return session_; }
  /// Returns whether a transaction is open in the session; it may have failed.
  [[nodiscard]] bool in_transaction() const;
  /// Returns the schema that has the session's tables.
  [[nodiscard]] const std::string& schema() const { return schema_; }

  template <class... Args>
  void queue(std::string_view sql, const Args&... args) {
    std::vector<Param> params;
    params.reserve(sizeof...(args));
    (params.push_back(param(args)), ...);
    add(sql, std::move(params));
  }
  void queue_params(std::string_view sql, std::vector<Param> params) {
    add(sql, std::move(params));
  }
  [[nodiscard]] std::size_t queued_count() const { return queue_.size(); }
  /// Calls `queue_ahead` once, before the next statement is queued, for statements that can wait
  /// until then but must precede it. Null cancels the call.
  void before_next(std::function<void()> queue_ahead) { queue_ahead_ = std::move(queue_ahead); }
  /// Drops the queued statements after the first `count`.
  void drop_queued(std::size_t count = 0);
  /// Sends the queued statements. Returns their results in order.
  [[nodiscard]] Result<std::vector<Rows>> exchange();
  /// Works like exchange(), for a session that may end meanwhile: `rows` receives the results
  /// before the error. The results of all statements but the last arrive before the last one is
  /// run.
  [[nodiscard]] Status exchange_last(std::vector<Rows>& rows);
  /// Returns the number of exchanges so far. If it is unchanged, nothing was sent meanwhile.
  [[nodiscard]] std::int64_t exchanges() const { return exchanges_; }
  /// Returns the id of the session's server process.
  [[nodiscard]] int process() const;
  /// Identifies one run of one server. Another server, or the same one after a crash, may assign
  /// the ids of processes and transactions again.
  [[nodiscard]] const std::string& server() const { return server_; }
  /// Returns whether the last exchange committed something that is not on the synchronous standbys,
  /// because the wait for them was cancelled.
  [[nodiscard]] bool is_unreplicated() const { return unreplicated_; }
  /// Sets how long the server may stay silent while a result is pending. Returns the previous
  /// value.
  Millis allow_silence(Millis longest) { return std::exchange(silence_max_, longest); }

  /// Sends the queued statements and this one. Returns the result of this one.
  template <class... Args>
  [[nodiscard]] Result<Rows> query(std::string_view sql, const Args&... args) {
    queue(sql, args...);
    return exchange().map([](std::vector<Rows>&& rows) { return std::move(rows.back()); });
  }
  template <class... Args>
  [[nodiscard]] Status run(std::string_view sql, const Args&... args) {
    return query(sql, args...).map([](const Rows&) {});
  }
  /// Returns the first row, converted by `read`, or nothing.
  template <class Read, class... Args>
  [[nodiscard]] auto one(std::string_view sql, const Read& read, const Args&... args) {
    return query(sql, args...).and_then([&](const Rows& rows) { return rows.one(read); });
  }
  template <class Read, class... Args>
  [[nodiscard]] auto all(std::string_view sql, const Read& read, const Args&... args) {
    return query(sql, args...).and_then([&](const Rows& rows) { return rows.all(read); });
  }

  /// Passes the rows of a statement without parameters to `take` as they arrive, so that memory use
  /// does not grow with their number. The statement is not kept.
  [[nodiscard]] Status each(std::string_view sql, const std::function<void(const Row& row)>& take);

  /// Returns notifications on the channels that the session listens to. Waits for one until `waker`
  /// is readable or `longest` has passed, and may return none earlier. Called outside of
  /// transactions.
  [[nodiscard]] Result<std::vector<Notification>> notifications(int waker, Millis longest);

  /// Runs a script of several statements without parameters or rows, such as a migration.
  [[nodiscard]] Status script(std::string_view sql);

 private:
  struct Statement {
    std::string name;
    StatementText text;
    bool prepared = false;
  };
  struct Queued {
    Statement* statement;
    std::vector<Param> params;
  };
  /// A result that the server has yet to send.
  struct Awaited {
    Statement* statement;
    bool is_prepare;
  };

  Connection(std::string url, Role role);

  [[nodiscard]] Status connect();
  /// Sets the parameters that every session needs, and refuses unsuitable servers.
  [[nodiscard]] Status set_up();
  [[nodiscard]] Status plan_anew_when_due();
  void add(std::string_view sql, std::vector<Param> params);
  enum class Flush : bool { kAtTheEnd, kBeforeTheLast };
  [[nodiscard]] Status exchange(std::vector<Rows>& rows, Flush flush);
  [[nodiscard]] bool send(
      const std::vector<Queued>& queued, std::vector<Awaited>& awaited, Flush flush
  );
  [[nodiscard]] bool send_prepare(const Statement& statement, const std::vector<Param>& params);
  [[nodiscard]] bool send_execute(const Statement& statement, const std::vector<Param>& params);
  [[nodiscard]] Status receive(const std::vector<Awaited>& awaited, std::vector<Rows>& rows);
  [[nodiscard]] Status receive_each(const std::function<void(const Row& row)>& take);
  /// Receives the end of an exchange. Returns `failed` if a statement of the exchange has failed.
  [[nodiscard]] Status receive_end(std::optional<Error> failed);
  /// Returns the error of a result, or of the session if `result` is null.
  [[nodiscard]] Error error_of(const pg_result* result) const;
  [[nodiscard]] tl::unexpected<Error> lost();
  [[nodiscard]] tl::unexpected<Error> silent();
  /// Returns the notifications that libpq has already read.
  [[nodiscard]] std::vector<Notification> read_notifications();
  /// Sends unsent output and waits until there is a result or the session has ended. Returns false
  /// if the server stays silent.
  [[nodiscard]] bool wait_for_answer();
  /// Waits for `events` of poll(). Returns those that have happened, or 0 if the server stays
  /// silent.
  [[nodiscard]] int wait_for(int events) const;
  void close();

  const std::string url_;
  const Role role_;
  Millis silence_max_;
  ConnectionHandle handle_;
  bool unreplicated_ = false;
  std::int64_t session_ = 0;
  std::int64_t exchanges_ = 0;
  std::int64_t exchanges_per_plan_ = 0;
  std::int64_t plan_anew_at_ = 0;  // a number of exchanges
  std::string schema_;
  std::string server_;
  std::unordered_map<const char*, Statement> statements_;
  std::vector<Queued> queue_;
  std::function<void()> queue_ahead_;
};

}  // namespace postrider::postgres
