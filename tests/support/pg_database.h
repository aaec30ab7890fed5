// A PostgreSQL database of a test's own, and a plain client, as other programs use one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;

namespace postrider::testing {

/// A client. Errors fail the test.
class RawPg {
 public:
  explicit RawPg(const std::string& url);
  RawPg(const RawPg&) = delete;
  RawPg& operator=(const RawPg&) = delete;
  ~RawPg();

  /// Several statements at once; the SQLSTATE of the one that failed, empty when none did.
  [[nodiscard]] std::string exec(const std::string& sql);
  /// One column of every row.
  [[nodiscard]] std::vector<std::string> column(const std::string& sql, int number = 0);
  /// Ends all other sessions with the database, as a server that restarts does. There is one.
  void end_other_sessions();

 private:
  pg_conn* connection_ = nullptr;
};

enum class PgContent {
  kEmpty,
  kMigrated,  ///< with the newest schema
};

/// Made in the server of the CTest run, or in one of this process's own; removed with the object.
class PgDatabase {
 public:
  explicit PgDatabase(PgContent content = PgContent::kMigrated);
  PgDatabase(const PgDatabase&) = delete;
  PgDatabase& operator=(const PgDatabase&) = delete;
  ~PgDatabase();

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  std::string name_;
  std::string url_;
};

/// Where the server has its socket.
[[nodiscard]] const std::string& pg_server_directory();

/// Makes what databases are copied from, in a server that has just started.
void make_pg_template(const std::string& directory);

}  // namespace postrider::testing
