// Commands that work on a database file: `backup` and `check`.
#include <ostream>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "app/postrider/commands.h"
#include "app/postrider/database_address.h"
#include "app/postrider/io.h"
#include "app/postrider/serve_options.h"
#include "store/sqlite/backup.h"
#include "store/sqlite/check.h"

namespace postrider::cli {
namespace {

struct DatabaseOptions {
  std::string db = ServeFlags{}.db;
  std::string file;
};

/// Fails with kInvalidArgument unless --db is a file. `tool` is the tool for databases of a
/// PostgreSQL server.
Status check_file(const std::string& db, const std::string& tool) {
  if (const auto valid = check_database_address(db); !valid)
    return fail(Errc::kInvalidArgument, "--db: " + valid.error().context);
  if (!is_postgres_url(db)) return {};
  return fail(
      Errc::kInvalidArgument, "--db: this command works on SQLite files; for PostgreSQL use " + tool
  );
}

int backup(Io& io, const DatabaseOptions& options) {
  const auto progress = [&io](std::int64_t done, std::int64_t total) {
    if (io.err_is_terminal) io.err << fmt::format("\r{} of {} pages", done, total) << std::flush;
  };
  const Status copied = sqlite::backup(options.db, options.file, progress);
  if (io.err_is_terminal) io.err << '\n';
  if (!copied) return report_failure(io, copied.error());
  io.out << "copied " << options.db << " to " << options.file << '\n';
  return kExitDone;
}

int check(Io& io, const DatabaseOptions& options) {
  const auto findings = sqlite::check(options.db);
  if (!findings) return report_failure(io, findings.error());
  for (const auto& finding : *findings) io.out << finding << '\n';
  if (!findings->empty()) return kExitFailed;
  io.out << options.db << " is sound\n";
  return kExitDone;
}

DatabaseOptions& add_db_option(const Command& command) {
  auto& options = command.keep<DatabaseOptions>();
  command.text("db", options.db, "Database file");
  command.allow_environment("db");
  return options;
}

}  // namespace

void add_backup(const Command& root) {
  const Command command = root.add(
      "backup",
      "Back up a SQLite database, also while the service runs",
      "postrider backup copy.db --db postrider.db"
  );
  auto& options = add_db_option(command);
  command.argument("file", options.file, "File to write");
  command.run_checked([&options](Io& io) -> Result<int> {
    if (auto valid = check_file(options.db, "pg_dump"); !valid)
      return tl::unexpected(std::move(valid).error());
    return backup(io, options);
  });
}

void add_check(const Command& root) {
  const Command command = root.add(
      "check", "Check the integrity of a SQLite database", "postrider check --db postrider.db"
  );
  auto& options = add_db_option(command);
  command.run_checked([&options](Io& io) -> Result<int> {
    if (auto valid = check_file(options.db, "pg_amcheck"); !valid)
      return tl::unexpected(std::move(valid).error());
    return check(io, options);
  });
}

}  // namespace postrider::cli
