// Wraps SQLite's C interface: handles, errors, binding, rows. No other module includes sqlite3.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/unique_handle.h"
#include "domain/id.h"
#include "store/rows.h"

namespace postrider::sqlite {

using DbHandle = UniqueHandle<sqlite3, sqlite3_close_v2>;
using StatementHandle = UniqueHandle<sqlite3_stmt, sqlite3_finalize>;

/// Returns the Error for SQLite's last result on this connection. The context has SQLite's message,
/// which names tables and constraints but contains no values.
[[nodiscard]] Error error_of(sqlite3* db, int code, std::string_view doing);

/// One row, valid until its cursor moves.
class Row {
 public:
  /// `damage` receives the text of the first report_damage(). Both pointers outlive the row.
  Row(sqlite3_stmt* statement, std::string& damage) : statement_(statement), damage_(&damage) {}

  [[nodiscard]] bool is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  /// Returns whether the stored value is an integer, whatever type its column declares.
  [[nodiscard]] bool is_integer(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_INTEGER;
  }
  [[nodiscard]] std::int64_t i64(int column) const {
    return sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] int i32(int column) const { return sqlite3_column_int(statement_, column); }
  [[nodiscard]] bool boolean(int column) const { return i64(column) != 0; }
  /// Empty for NULL. Valid until the cursor moves.
  [[nodiscard]] std::string_view view(int column) const;
  [[nodiscard]] std::string text(int column) const { return std::string{view(column)}; }
  [[nodiscard]] std::optional<std::string> optional_text(int column) const;
  [[nodiscard]] WallTime time(int column) const { return from_unix_ms(i64(column)); }
  [[nodiscard]] std::optional<WallTime> optional_time(int column) const;

  /// Reports that the row contains something that the schema does not allow. Its cursor then fails
  /// with kCorrupt.
  void report_damage(std::string_view what) const {
    if (damage_->empty()) *damage_ = what;
  }

 private:
  sqlite3_stmt* statement_;
  std::string* damage_;
};

/// The rows of a statement. The destructor resets the statement and clears its bindings, so that no
/// forgotten statement keeps a snapshot open.
///
///     auto rows = db.query(sql::kSomething, id);
///     while (rows.next()) use(rows.row());
///     if (!rows.ok()) return rows.error();
class Cursor {
 public:
  Cursor(sqlite3* db, sqlite3_stmt* statement, int code)
      : db_(db), statement_(statement), code_(code) {}
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor();

  /// Moves to the next row. Returns false at the end and on an error.
  [[nodiscard]] bool next();
  [[nodiscard]] Row row() { return {statement_, damage_}; }
  [[nodiscard]] bool ok() const { return code_ == SQLITE_OK && damage_.empty(); }
  [[nodiscard]] tl::unexpected<Error> error() const;

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;  // owned by the Db
  int code_;                 // SQLITE_OK until something failed
  std::optional<Error> error_;
  std::string damage_;  // empty until a row reports damage
};

enum class Access : std::uint8_t { kReadOnly, kReadWrite, kCreate };

/// A connection with its prepared statements. Owned by one thread.
///
/// A statement is prepared at its first use, cached, and found by the address of its text. Texts
/// are embedded .sql files or made from the list of copied tables, and must outlive the connection.
/// Parameters are bound in the order of their first appearance in the text.
class Db {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Db>> open(
      const std::string& path, Access access, Millis busy_timeout
  );
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;
  ~Db() = default;

  /// Runs a statement and ignores its rows.
  template <class... Args>
  [[nodiscard]] Status run(std::string_view sql, const Args&... args) {
    auto rows = start(sql, SQLITE_STATIC, args...);
    while (rows.next()) {
    }
    if (!rows.ok()) return rows.error();
    return {};
  }

  /// Runs a statement. Text and blobs are copied, so arguments may end before the cursor does.
  template <class... Args>
  [[nodiscard]] Cursor query(std::string_view sql, const Args&... args) {
    return start(sql, SQLITE_TRANSIENT, args...);
  }

  /// Returns the first row, converted by `read`, or nothing.
  template <class Read, class... Args>
  [[nodiscard]] auto one(std::string_view sql, const Read& read, const Args&... args)
      -> Result<std::optional<std::invoke_result_t<Read, Row>>> {
    auto rows = start(sql, SQLITE_STATIC, args...);
    std::optional<std::invoke_result_t<Read, Row>> found;
    if (rows.next()) found = read(rows.row());
    if (!rows.ok()) return rows.error();
    return found;
  }

  template <class Read, class... Args>
  [[nodiscard]] auto all(std::string_view sql, const Read& read, const Args&... args)
      -> Result<std::vector<std::invoke_result_t<Read, Row>>> {
    auto rows = start(sql, SQLITE_STATIC, args...);
    std::vector<std::invoke_result_t<Read, Row>> found;
    while (rows.next()) found.push_back(read(rows.row()));
    if (!rows.ok()) return rows.error();
    return found;
  }

  /// Runs a script of several statements without parameters or rows, such as a migration.
  [[nodiscard]] Status script(std::string_view sql);

  /// Returns the number of rows that the last INSERT, UPDATE or DELETE changed.
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  [[nodiscard]] Error error(int code, std::string_view doing) const {
    return error_of(handle_.get(), code, doing);
  }

 private:
  explicit Db(DbHandle handle) : handle_(std::move(handle)) {}

  template <class... Args>
  [[nodiscard]] Cursor start(
      std::string_view sql, [[maybe_unused]] sqlite3_destructor_type lifetime, const Args&... args
  ) {
    sqlite3_stmt* statement = nullptr;
    int code = prepare(sql, &statement);
    if (code == SQLITE_OK) {
      POSTRIDER_ASSERT(sqlite3_bind_parameter_count(statement) == int{sizeof...(args)});
      int index = 0;
      static_cast<void>(
          ((code = bind(statement, ++index, lifetime, args), code == SQLITE_OK) && ...)
      );
    }
    return {handle_.get(), statement, code};
  }

  [[nodiscard]] int prepare(std::string_view sql, sqlite3_stmt** statement);

  template <class T>
  [[nodiscard]] static int bind(
      sqlite3_stmt* statement, int index, sqlite3_destructor_type lifetime, const T& value
  ) {
    if constexpr (std::is_integral_v<T>) {
      return sqlite3_bind_int64(statement, index, static_cast<sqlite3_int64>(value));
    } else if constexpr (std::is_same_v<T, WallTime>) {
      return sqlite3_bind_int64(statement, index, unix_ms(value));
    } else if constexpr (std::is_same_v<T, Millis>) {
      return sqlite3_bind_int64(statement, index, value.count());
    } else if constexpr (std::is_same_v<T, Blob>) {
      return sqlite3_bind_blob64(
          statement, index, value.bytes.data(), value.bytes.size(), lifetime
      );
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      const std::string_view text = value;
      // A null pointer would bind NULL.
      const char* data = text.data() == nullptr ? "" : text.data();
      return sqlite3_bind_text64(statement, index, data, text.size(), lifetime, SQLITE_UTF8);
    } else {
      return sqlite3_bind_int64(statement, index, value.value);
    }
  }
  template <class T>
  [[nodiscard]] static int bind(
      sqlite3_stmt* statement,
      int index,
      sqlite3_destructor_type lifetime,
      const std::optional<T>& value
  ) {
    if (!value) return sqlite3_bind_null(statement, index);
    return bind(statement, index, lifetime, *value);
  }

  DbHandle handle_;
  // Declared after the handle, so that statements are finalized before it closes.
  std::unordered_map<const char*, StatementHandle> statements_;
};

/// One snapshot of the database for several statements of a reader.
class Snapshot {
 public:
  explicit Snapshot(Db& db);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot();

  /// Returns the error if the snapshot could not begin.
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  Db& db_;
  Status status_;
};

}  // namespace postrider::sqlite
