#include "store/postgres/pg_connection.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <libpq-fe.h>
#include <poll.h>

#include "base/assert.h"
#include "store/postgres/sql_session.h"
#include "store/rows.h"

namespace postrider::postgres {
namespace {

constexpr int kBinary = 1;
/// Plans are made again after 2, 4, 8, ... exchanges of a session, and later every
/// kExchangesPerPlanMax, so that a plan is never much older than the data it reads.
constexpr std::int64_t kExchangesPerPlanMin = 2;
constexpr std::int64_t kExchangesPerPlanMax = 1024;
/// The last messages of a server that closes a session arrive in a few reads.
constexpr int kReadsMax = 4;
/// How long a server may stay silent while a result is pending. Producers wait for the writer,
/// whose statements are short. Readers may have many rows to count.
constexpr Millis kWriterSilenceMax{5000};
constexpr Millis kReaderSilenceMax{10'000};

// Ignores notices, which are for people at a prompt, except one: the server reports a commit as
// done although it is on no synchronous standby.
void note(void* unreplicated, const PGresult* notice) {
  const char* const function = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);
  if (function != nullptr && function == std::string_view{"SyncRepWaitForLSN"})
    *static_cast<bool*>(unreplicated) = true;
}

/// Connects with defaults, which the address may override.
ConnectionHandle connect_to(const std::string& url, Role role) {
  // A lost connection is detected within seconds, even while it is idle. Readers must see what the
  // writer has committed, so a standby will not do.
  const char* const attributes = role == Role::kWriter ? "read-write" : "primary";
  const std::array keywords{
      "application_name",
      "connect_timeout",
      "tcp_user_timeout",
      "keepalives_idle",
      "keepalives_interval",
      "keepalives_count",
      "target_session_attrs",
      "dbname",
      "client_encoding",
      static_cast<const char*>(nullptr)};
  const std::array values{
      "postrider",
      "2",
      "5000",
      "5",
      "2",
      "3",
      attributes,
      url.c_str(),
      "UTF8",
      static_cast<const char*>(nullptr)};
  static_assert(keywords.size() == values.size());
  const int expand_url = 1;
  return ConnectionHandle{PQconnectdbParams(keywords.data(), values.data(), expand_url)};
}

/// Checks the address without libpq's message, which may contain the address with its password.
bool is_address(const std::string& url) {
  PQconninfoOption* const options = PQconninfoParse(url.c_str(), nullptr);
  PQconninfoFree(options);
  return options != nullptr;
}

/// Returns the lines of a message as one line.
std::string joined(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool is_space = c == '\n' || c == '\t' || c == ' ';
    if (is_space && (line.empty() || line.back() == ' ')) continue;
    line += is_space ? ' ' : c;
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

void CloseConnection::operator()(pg_conn* connection) const noexcept { PQfinish(connection); }
void ClearResult::operator()(pg_result* result) const noexcept { PQclear(result); }

Errc errc_of(std::string_view sqlstate) {
  const auto is = [sqlstate](std::string_view code) { return sqlstate == code; };
  if (is("40001") || is("40P01") || is("55P03")) return Errc::kBusy;
  if (is("23505")) return Errc::kConflict;
  // Bytes that are not valid text; they came from outside.
  if (is("22021") || is("22P05")) return Errc::kInvalidArgument;
  const auto of_class = [sqlstate](std::string_view code) { return sqlstate.starts_with(code); };
  // No connection; no memory, disk or connections left; shutting down or ended from outside; a
  // server that accepts no writes; a failed read or write of a file; our require_node().
  if (of_class("08") || of_class("53") || of_class("57P") || of_class("28") || is("25006") ||
      is("25P03") || is("58030") || is("3D000") || is("PR001"))
    return Errc::kUnavailable;
  // Damaged pages; missing tables or columns that the migrations have created.
  if (of_class("XX0") && !is("XX000")) return Errc::kCorrupt;
  if (is("42P01") || is("42703")) return Errc::kCorrupt;
  return Errc::kInternal;
}

int native_of(std::string_view sqlstate) {
  int native = 0;
  std::string lower{sqlstate};
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  constexpr int kBase = 36;
  const auto parsed = std::from_chars(lower.data(), lower.data() + lower.size(), native, kBase);
  return parsed.ec == std::errc{} ? native : 0;
}

Result<std::unique_ptr<Connection>> Connection::open(std::string url, Role role) {
  if (!is_address(url)) return fail(Errc::kInvalidArgument, "not an address of PostgreSQL");
  std::unique_ptr<Connection> made{new Connection(std::move(url), role)};
  if (auto status = made->connect(); !status) return tl::unexpected<Error>(status.error());
  return made;
}

Connection::Connection(std::string url, Role role)
    : url_(std::move(url)),
      role_(role),
      silence_max_(role == Role::kWriter ? kWriterSilenceMax : kReaderSilenceMax) {}

Status Connection::connect() {
  close();
  handle_ = connect_to(url_, role_);
  if (PQstatus(handle_.get()) != CONNECTION_OK) {
    Error error = error_of(nullptr);
    handle_.reset();
    return tl::unexpected<Error>(std::move(error));
  }
  PQsetNoticeReceiver(handle_.get(), note, &unreplicated_);
  if (PQsetnonblocking(handle_.get(), 1) != 0) return lost();
  ++session_;
  exchanges_per_plan_ = kExchangesPerPlanMin;
  plan_anew_at_ = exchanges_ + exchanges_per_plan_;
  auto status = set_up();
  if (!status) close();
  return status;
}

Status Connection::set_up() {
  auto rows = query(sql::kSetUpSession);
  if (!rows) return tl::unexpected<Error>(rows.error());
  const Row row = rows->row(0);
  if (row.is_null(0))
    return fail(Errc::kInvalidArgument, "none of the schemas of the search_path exists");
  if (row.boolean(3) || (role_ == Role::kWriter && row.view(4) == "on"))
    return fail(Errc::kUnavailable, "the server takes no writes: it is a standby or read-only");
  schema_ = row.text(0);
  server_ = row.text(5);
  if (row.view(1) == "off") {
    return fail(
        Errc::kInvalidArgument,
        "synchronous_commit is off: the server would lose what it says to have committed"
    );
  }
  if (row.view(2) != "UTF8")
    return fail(Errc::kInvalidArgument, "the database has another encoding than UTF8");
  return {};
}

Status Connection::ensure_open() {
  POSTRIDER_ASSERT(queue_.empty());
  for (int i = 0; i < kReadsMax && handle_ != nullptr; ++i) {
    // No result is pending, so readable data is the server's last message or the end.
    pollfd ready{.fd = PQsocket(handle_.get()), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 0) == 0) return plan_anew_when_due();
    const bool read = PQconsumeInput(handle_.get()) != 0;
    static_cast<void>(PQisBusy(handle_.get()));  // parses what was read
    if (!read || PQstatus(handle_.get()) != CONNECTION_OK) close();
  }
  return connect();
}

Status Connection::plan_anew_when_due() {
  if (exchanges_ < plan_anew_at_) return {};
  exchanges_per_plan_ = std::min(2 * exchanges_per_plan_, kExchangesPerPlanMax);
  plan_anew_at_ = exchanges_ + exchanges_per_plan_;
  return run(sql::kForgetPlans);
}

bool Connection::in_transaction() const {
  if (handle_ == nullptr) return false;
  const auto status = PQtransactionStatus(handle_.get());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

void Connection::add(std::string_view sql, std::vector<Param> params) {
  if (const auto queue_ahead = std::exchange(queue_ahead_, nullptr)) queue_ahead();
  Statement& statement = statements_[sql.data()];
  if (statement.name.empty()) {
    statement.name = "s" + std::to_string(statements_.size());
    statement.text = number_params(sql);
  }
  POSTRIDER_ASSERT(statement.text.params_count == static_cast<int>(params.size()));
  queue_.push_back({&statement, std::move(params)});
}

void Connection::drop_queued(std::size_t count) {
  if (count < queue_.size())
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(count), queue_.end());
}

int Connection::process() const { return PQbackendPID(handle_.get()); }

Result<std::vector<Rows>> Connection::exchange() {
  std::vector<Rows> rows;
  return exchange(rows, Flush::kAtTheEnd).map([&] { return std::move(rows); });
}

Status Connection::exchange_last(std::vector<Rows>& rows) {
  return exchange(rows, Flush::kBeforeTheLast);
}

Status Connection::exchange(std::vector<Rows>& rows, Flush flush) {
  const std::vector<Queued> queued = std::exchange(queue_, {});
  if (handle_ == nullptr) return fail(Errc::kUnavailable, "there is no connection to PostgreSQL");
  ++exchanges_;
  unreplicated_ = false;
  std::vector<Awaited> awaited;
  if (!send(queued, awaited, flush)) return lost();
  auto received = receive(awaited, rows);
  if (handle_ != nullptr && PQexitPipelineMode(handle_.get()) == 0) return lost();
  return received;
}

bool Connection::send(
    const std::vector<Queued>& queued, std::vector<Awaited>& awaited, Flush flush
) {
  if (PQenterPipelineMode(handle_.get()) == 0) return false;
  std::size_t at = 0;
  for (const auto& [statement, params] : queued) {
    const auto prepares = [known = statement](const Awaited& one) {
      return one.is_prepare && one.statement == known;
    };
    if (!statement->prepared && std::none_of(awaited.begin(), awaited.end(), prepares)) {
      if (!send_prepare(*statement, params)) return false;
      awaited.push_back({statement, true});
    }
    if (!send_execute(*statement, params)) return false;
    awaited.push_back({statement, false});
    const bool is_last_but_one = ++at + 1 == queued.size();
    if (flush == Flush::kBeforeTheLast && is_last_but_one && PQsendFlushRequest(handle_.get()) == 0)
      return false;
  }
  return PQpipelineSync(handle_.get()) != 0;
}

int Connection::wait_for(int events) const {
  pollfd socket{PQsocket(handle_.get()), static_cast<decltype(pollfd::events)>(events), 0};
  int count = -1;
  while (count < 0) count = ::poll(&socket, 1, static_cast<int>(silence_max_.count()));
  return count == 0 ? 0 : socket.revents;
}

bool Connection::wait_for_answer() {
  int unsent = 0;
  while ((unsent = PQflush(handle_.get())) > 0) {
    const int happened = wait_for(POLLIN | POLLOUT);
    if (happened == 0) return false;
    // The server may read more only after it has sent its results.
    if ((happened & POLLIN) != 0 && PQconsumeInput(handle_.get()) == 0) return true;
  }
  while (unsent == 0 && PQisBusy(handle_.get()) != 0) {
    if (wait_for(POLLIN) == 0) return false;
    if (PQconsumeInput(handle_.get()) == 0) return true;
  }
  return true;
}

bool Connection::send_prepare(const Statement& statement, const std::vector<Param>& params) {
  std::vector<Oid> types;
  types.reserve(params.size());
  for (const Param& one : params) types.push_back(one.type);
  return PQsendPrepare(
             handle_.get(),
             statement.name.c_str(),
             statement.text.sql.c_str(),
             statement.text.params_count,
             types.data()
         ) != 0;
}

bool Connection::send_execute(const Statement& statement, const std::vector<Param>& params) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  const std::vector<int> formats(params.size(), kBinary);
  for (const Param& one : params) {
    values.push_back(one.is_null ? nullptr : one.bytes.c_str());
    lengths.push_back(static_cast<int>(one.bytes.size()));
  }
  return PQsendQueryPrepared(
             handle_.get(),
             statement.name.c_str(),
             static_cast<int>(params.size()),
             values.data(),
             lengths.data(),
             formats.data(),
             kBinary
         ) != 0;
}

// Each statement returns one result and a null. After a failed statement, the results of the others
// say so. The end of the exchange has its own result.
Status Connection::receive(const std::vector<Awaited>& awaited, std::vector<Rows>& rows) {
  std::optional<Error> failed;
  for (const auto& [statement, is_prepare] : awaited) {
    if (!wait_for_answer()) return silent();
    ResultHandle result{PQgetResult(handle_.get())};
    const auto status = PQresultStatus(result.get());
    const bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!done && !failed) failed = error_of(result.get());
    if (PQstatus(handle_.get()) != CONNECTION_OK) {
      close();
      return tl::unexpected<Error>(std::move(*failed));
    }
    if (done && is_prepare) statement->prepared = true;
    if (done && !is_prepare) rows.emplace_back(std::move(result));
    // The protocol is out of step if there is a further result.
    if (ResultHandle{PQgetResult(handle_.get())} != nullptr) return lost();
  }
  return receive_end(std::move(failed));
}

Status Connection::receive_end(std::optional<Error> failed) {
  if (!wait_for_answer()) return silent();
  const ResultHandle end{PQgetResult(handle_.get())};
  if (PQresultStatus(end.get()) != PGRES_PIPELINE_SYNC) {
    if (!failed) failed = error_of(end.get());
    failed->code = Errc::kUnavailable;
    close();
  }
  if (failed) return tl::unexpected<Error>(std::move(*failed));
  return {};
}

// Uses pipeline mode too. libpq ends the single-row mode only with the next entry of a pipeline,
// here its end; otherwise the next exchange would be in single-row mode.
Status Connection::each(std::string_view sql, const std::function<void(const Row& row)>& take) {
  POSTRIDER_ASSERT(queue_.empty());
  if (handle_ == nullptr) return fail(Errc::kUnavailable, "there is no connection to PostgreSQL");
  ++exchanges_;
  const std::string text{sql};
  const auto send_statement = [&] {
    return PQsendQueryParams(
        handle_.get(), text.c_str(), 0, nullptr, nullptr, nullptr, nullptr, kBinary
    );
  };
  const bool sent = PQenterPipelineMode(handle_.get()) != 0 && send_statement() != 0 &&
                    PQsetSingleRowMode(handle_.get()) != 0 && PQpipelineSync(handle_.get()) != 0;
  if (!sent) return lost();
  auto received = receive_each(take);
  if (handle_ != nullptr && PQexitPipelineMode(handle_.get()) == 0) return lost();
  return received;
}

Status Connection::receive_each(const std::function<void(const Row& row)>& take) {
  std::optional<Error> failed;
  while (true) {
    if (!wait_for_answer()) return silent();
    const ResultHandle result{PQgetResult(handle_.get())};
    if (result == nullptr) break;
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_SINGLE_TUPLE) {
      std::string damage;
      take(Row{result.get(), 0, damage});
      if (!damage.empty() && !failed) failed = damaged_row(damage);
    } else if (status != PGRES_TUPLES_OK && !failed) {
      failed = error_of(result.get());
    }
    // An ended session may return its error again and again.
    if (PQstatus(handle_.get()) != CONNECTION_OK) break;
  }
  return receive_end(std::move(failed));
}

std::vector<Notification> Connection::read_notifications() {
  std::vector<Notification> arrived;
  while (PGnotify* const one = PQnotifies(handle_.get())) {
    arrived.push_back({one->be_pid, one->extra});
    PQfreemem(one);
  }
  return arrived;
}

Result<std::vector<Notification>> Connection::notifications(int waker, Millis longest) {
  POSTRIDER_ASSERT(queue_.empty());
  if (handle_ == nullptr) return fail(Errc::kUnavailable, "there is no connection to PostgreSQL");
  auto arrived = read_notifications();
  if (!arrived.empty()) return arrived;
  std::array<pollfd, 2> ready{{{PQsocket(handle_.get()), POLLIN, 0}, {waker, POLLIN, 0}}};
  const int count = ::poll(ready.data(), ready.size(), static_cast<int>(longest.count()));
  if (count <= 0 || ready[0].revents == 0) return arrived;
  if (PQconsumeInput(handle_.get()) == 0) return lost();
  arrived = read_notifications();
  if (PQstatus(handle_.get()) != CONNECTION_OK) return lost();
  return arrived;
}

Status Connection::script(std::string_view sql) {
  POSTRIDER_ASSERT(queue_.empty());
  if (handle_ == nullptr) return fail(Errc::kUnavailable, "there is no connection to PostgreSQL");
  const std::string text{sql};
  const ResultHandle result{PQexec(handle_.get(), text.c_str())};
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
    return {};
  Error error = error_of(result.get());
  if (PQstatus(handle_.get()) != CONNECTION_OK) close();
  return tl::unexpected<Error>(std::move(error));
}

Error Connection::error_of(const pg_result* result) const {
  const char* const state =
      result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr) {
    return {Errc::kUnavailable, 0, "postgresql: " + joined(PQerrorMessage(handle_.get()))};
  }
  // The message names tables and constraints; only the details contain values of a row.
  const char* const message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  std::string context = "postgresql: ";
  context += message == nullptr ? "" : message;
  context += " (";
  context += state;
  context += ')';
  const Errc code = errc_of(state);
  if (code == Errc::kBusy) context += "; nothing was changed";
  return {code, native_of(state), std::move(context)};
}

tl::unexpected<Error> Connection::lost() {
  Error error = error_of(nullptr);
  close();
  return tl::unexpected<Error>(std::move(error));
}

tl::unexpected<Error> Connection::silent() {
  close();
  return fail(Errc::kUnavailable, "postgresql: the server does not answer");
}

void Connection::close() {
  handle_.reset();
  for (auto& [text, statement] : statements_) statement.prepared = false;
}

}  // namespace postrider::postgres
