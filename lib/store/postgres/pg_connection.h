// Everything that touches libpq: connections, errors, statements, rows. Only pg_connection.cc and
// pg_rows.cc include libpq-fe.h.
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

/// The Errc of an SQLSTATE.
[[nodiscard]] Errc errc_of(std::string_view sqlstate);
/// Error::native of an SQLSTATE: its five characters as a number in base 36.
[[nodiscard]] int native_of(std::string_view sqlstate);

/// One row, valid for as long as its Rows.
class Row {
 public:
  /// `damage` gets what report_damage() says first.
  Row(const pg_result* result, int number, std::string& damage)
      : result_(result), number_(number), damage_(&damage) {}

  [[nodiscard]] bool is_null(int column) const;
  /// 0 for NULL. Of a column of type bigint, integer or boolean.
  [[nodiscard]] std::int64_t i64(int column) const;
  [[nodiscard]] int i32(int column) const { return static_cast<int>(i64(column)); }
  [[nodiscard]] bool boolean(int column) const { return i64(column) != 0; }
  /// Of a column of type text or bytea. Empty for NULL.
  [[nodiscard]] std::string_view view(int column) const;
  [[nodiscard]] std::string text(int column) const { return std::string{view(column)}; }
  [[nodiscard]] std::optional<std::string> optional_text(int column) const;
  [[nodiscard]] WallTime time(int column) const { return from_unix_ms(i64(column)); }
  [[nodiscard]] std::optional<WallTime> optional_time(int column) const;

  /// The row holds what the schema does not allow: Rows::all() and Rows::one() end with kCorrupt.
  void report_damage(std::string_view what) const {
    if (damage_->empty()) *damage_ = what;
  }

 private:
  const pg_result* result_;
  int number_;
  std::string* damage_;
};

/// What a statement gave.
class Rows {
 public:
  explicit Rows(ResultHandle result) : result_(std::move(result)) {}

  [[nodiscard]] int size() const;
  [[nodiscard]] Row row(int number) const { return {result_.get(), number, damage_}; }
  /// kCorrupt once one of the rows has reported damage.
  [[nodiscard]] Status check() const;
  /// Rows that an INSERT, UPDATE or DELETE changed.
  [[nodiscard]] std::int64_t changes() const;
  /// What the server calls what it did, such as "COMMIT".
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
  mutable std::string damage_;  // what a row reported first
};

enum class Role : std::uint8_t { kReader, kWriter };

/// What a session sent with NOTIFY.
struct Notification {
  int process = 0;  ///< the server's, of that session
  std::string message;
};

/// A session with its prepared statements. Owned by one thread.
///
/// SQL comes from the embedded .sql files and from the list of copied tables: statements are
/// prepared at their first use, kept for the session, and found again by the address of their text.
/// Parameters are given in the order of their first appearance in the text. Statements that are
/// queued go to the server together, in one round trip, with the next exchange; when one fails,
/// those behind it are not run.
///
/// kUnavailable: there is no session (any more), or the server takes nothing. After a lost session
/// ensure_open() makes another one. Nothing waits for ever: a server that stays silent for some
/// seconds while it owes an answer has lost the session.
class Connection {
 public:
  /// `url`: postgresql://..., or keywords and values as libpq takes them.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(std::string url, Role role);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  /// Connects anew when the session has ended, as far as can be known without asking the server.
  /// Outside of transactions, with nothing queued.
  [[nodiscard]] Status ensure_open();
  /// False when it was found out that the session has ended.
  [[nodiscard]] bool is_open() const { return handle_ != nullptr; }
  /// Raised by every session: what one knew of the database may hold no more in the next.
  [[nodiscard]] std::int64_t session() const { return session_; }
  /// A transaction is open in the session; it may have failed.
  [[nodiscard]] bool in_transaction() const;
  /// The schema in which the session's tables are.
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
  /// Calls `queue_ahead` once, before the next statement is queued: for what may wait until then,
  /// but has to come before it. Null: no longer.
  void before_next(std::function<void()> queue_ahead) { queue_ahead_ = std::move(queue_ahead); }
  /// Drops what was queued behind the first `count` statements.
  void drop_queued(std::size_t count = 0);
  /// Sends what is queued; what each of it gave, in order.
  [[nodiscard]] Result<std::vector<Rows>> exchange();
  /// The same for a session that may end on the way: `rows` has what came before the error, and
  /// what the last statement but one gave comes before the last one is run.
  [[nodiscard]] Status exchange_last(std::vector<Rows>& rows);
  /// Exchanges so far: the same number means that nothing was sent meanwhile.
  [[nodiscard]] std::int64_t exchanges() const { return exchanges_; }
  /// The server's process of the session.
  [[nodiscard]] int process() const;
  /// Stands for one run of one server: another one, or the same after a crash, counts processes and
  /// transactions anew.
  [[nodiscard]] const std::string& server() const { return server_; }
  /// The last exchange committed something that is not on the synchronous standbys: whoever waited
  /// for them was told not to.
  [[nodiscard]] bool is_unreplicated() const { return unreplicated_; }
  /// For statements that may wait for longer, or shall for less; how it was before.
  Millis allow_silence(Millis longest) { return std::exchange(silence_max_, longest); }

  /// Sends what is queued and this statement; what this one gave.
  template <class... Args>
  [[nodiscard]] Result<Rows> query(std::string_view sql, const Args&... args) {
    queue(sql, args...);
    return exchange().map([](std::vector<Rows>&& rows) { return std::move(rows.back()); });
  }
  template <class... Args>
  [[nodiscard]] Status run(std::string_view sql, const Args&... args) {
    return query(sql, args...).map([](const Rows&) {});
  }
  /// The first row as `read` makes it, or nothing.
  template <class Read, class... Args>
  [[nodiscard]] auto one(std::string_view sql, const Read& read, const Args&... args) {
    return query(sql, args...).and_then([&](const Rows& rows) { return rows.one(read); });
  }
  template <class Read, class... Args>
  [[nodiscard]] auto all(std::string_view sql, const Read& read, const Args&... args) {
    return query(sql, args...).and_then([&](const Rows& rows) { return rows.all(read); });
  }

  /// Hands over the rows of a statement without parameters one by one, as they arrive: what it
  /// takes does not grow with their number. The statement is not kept.
  [[nodiscard]] Status each(std::string_view sql, const std::function<void(const Row& row)>& take);

  /// What has arrived on the channels that the session listens to. Waits for it until `waker` is
  /// readable or `longest` is over, and may find nothing before. Outside of transactions.
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
  /// One answer that the server owes.
  struct Awaited {
    Statement* statement;
    bool is_prepare;
  };

  Connection(std::string url, Role role);

  [[nodiscard]] Status connect();
  /// Sets what every session needs and refuses servers that do not fit.
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
  /// Of an exchange, of whose statements one may have failed.
  [[nodiscard]] Status receive_end(std::optional<Error> failed);
  /// Of what the server answered, or of the session when there is no answer.
  [[nodiscard]] Error error_of(const pg_result* result) const;
  [[nodiscard]] tl::unexpected<Error> lost();
  [[nodiscard]] tl::unexpected<Error> silent();
  /// What libpq has read of it.
  [[nodiscard]] std::vector<Notification> read_notifications();
  /// Sends what has not gone yet and waits until there is an answer, or the end of the session;
  /// false when the server stays silent.
  [[nodiscard]] bool wait_for_answer();
  /// What of the `events` of poll() has happened; 0 when the server stays silent.
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
  std::int64_t plan_anew_at_ = 0;  // exchanges
  std::string schema_;
  std::string server_;
  std::unordered_map<const char*, Statement> statements_;
  std::vector<Queued> queue_;
  std::function<void()> queue_ahead_;
};

}  // namespace postrider::postgres
