#include "store/sqlite/sqlite_db.h"

#include "store/sqlite/sql_file.h"

namespace postrider::sqlite {
namespace {

/// Returns whether a write or sync has failed. The system's error (a quota, a limit on file sizes)
/// is lost by then, because SQLite's rollback makes further system calls; only ENOSPC has its own
/// code.
bool is_failed_write(int extended) {
  return extended == SQLITE_IOERR_WRITE || extended == SQLITE_IOERR_FSYNC ||
         extended == SQLITE_IOERR_TRUNCATE || extended == SQLITE_IOERR_SHMSIZE;
}

Errc errc_of(int extended) {
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return Errc::kUnavailable;
    case SQLITE_IOERR:
      return is_failed_write(extended) ? Errc::kUnavailable : Errc::kInternal;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::kBusy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Errc::kCorrupt;
    default:
      return Errc::kInternal;
  }
}

/// SQLite counts every allocated byte under a lock that all connections share, and nothing here
/// uses these figures. SQLite refuses the setting once it runs; then only speed is lost.
void stop_counting_memory() {
  [[maybe_unused]] static const int kCode = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

}  // namespace

Error error_of(sqlite3* db, int code, std::string_view doing) {
  // A misused statement is a defect of this program.
  POSTRIDER_ASSERT(code != SQLITE_MISUSE);
  const int extended = db == nullptr ? code : sqlite3_extended_errcode(db);
  std::string context{doing};
  context += ": ";
  context += db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db);
  return {errc_of(extended), extended, std::move(context)};
}

std::string_view Row::view(int column) const {
  // Text is read as a blob, so its bytes are returned as they are stored.
  const void* data = sqlite3_column_blob(statement_, column);
  if (data == nullptr) return {};
  return {
      static_cast<const char*>(data),
      static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::optional<std::string> Row::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<WallTime> Row::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

Cursor::~Cursor() {
  if (statement_ == nullptr) return;
  // Returns the error of a failed step again, which was already reported.
  static_cast<void>(sqlite3_reset(statement_));
  static_cast<void>(sqlite3_clear_bindings(statement_));
}

bool Cursor::next() {
  if (!ok()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    code_ = code;
    error_ = error_of(db_, code, "sqlite");
  }
  return false;
}

tl::unexpected<Error> Cursor::error() const {
  if (!damage_.empty()) return tl::unexpected<Error>(damaged_row(damage_));
  return tl::unexpected<Error>(error_ ? *error_ : error_of(db_, code_, "sqlite"));
}

Result<std::unique_ptr<Db>> Db::open(const std::string& path, Access access, Millis busy_timeout) {
  stop_counting_memory();
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= access == Access::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (access == Access::kCreate) flags |= SQLITE_OPEN_CREATE;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  DbHandle handle{raw};  // set even on failure
  if (code != SQLITE_OK)
    return tl::unexpected<Error>(error_of(handle.get(), code, "cannot open " + path));
  sqlite3_busy_timeout(handle.get(), static_cast<int>(busy_timeout.count()));
  std::unique_ptr<Db> db{new Db(std::move(handle))};
  if (auto status = db->script(sql::kConnect); !status)
    return tl::unexpected<Error>(status.error());
  if (access == Access::kReadOnly) {
    if (auto status = db->script(sql::kConnectReader); !status)
      return tl::unexpected<Error>(status.error());
  }
  return db;
}

Status Db::script(std::string_view sql) {
  const std::string text{sql};
  const int code = sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected<Error>(error(code, "sqlite"));
  return {};
}

int Db::prepare(std::string_view sql, sqlite3_stmt** statement) {
  auto& kept = statements_[sql.data()];
  if (kept == nullptr) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(
        handle_.get(),
        sql.data(),
        static_cast<int>(sql.size()),
        SQLITE_PREPARE_PERSISTENT,
        &raw,
        nullptr
    );
    if (code != SQLITE_OK) return code;
    kept.reset(raw);
  }
  *statement = kept.get();
  return SQLITE_OK;
}

Snapshot::Snapshot(Db& db) : db_(db), status_(db.run(sql::kBeginRead)) {}

Snapshot::~Snapshot() {
  // Nothing was written, so an error can be ignored.
  if (db_.in_transaction()) static_cast<void>(db_.run(sql::kCommit).has_value());
}

}  // namespace postrider::sqlite
