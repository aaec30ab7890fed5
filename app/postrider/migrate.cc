// `migrate`: upgrades a database to the newest schema, or copies it to another server.
#include <algorithm>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/postrider/commands.h"
#include "app/postrider/database_address.h"
#include "app/postrider/io.h"
#include "app/postrider/serve_options.h"
#include "store/copy/copy.h"
#include "store/postgres/pg_store.h"
#include "store/sqlite/database_lock.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::cli {
namespace {

struct MigrateOptions {
  std::string db = ServeFlags{}.db;
  std::optional<std::string> from;
  std::optional<std::string> to;
};

int bring_to_newest(Io& io, const std::string& db) {
  if (is_postgres_url(db)) {
    const auto store = postgres::PgStore::open(db, postgres::PgStore::kNoNode);
    if (!store) return report_failure(io, store.error());
    io.out << "the database has the newest schema\n";
    return kExitDone;
  }
  const auto lock = sqlite::DatabaseLock::take(db);
  if (!lock) return report_failure(io, lock.error());
  const auto store = sqlite::SqliteStore::open(db);
  if (!store) return report_failure(io, store.error());
  io.out << db << " has the newest schema\n";
  return kExitDone;
}

Status check_copy(const Command& command, const MigrateOptions& options) {
  const auto wrong = [](const char* what) { return fail(Errc::kInvalidArgument, what); };
  if (!options.from || !options.to) return wrong("--from and --to are given together");
  for (const auto& [flag, address] :
       {std::pair{"--from: ", *options.from}, {"--to: ", *options.to}}) {
    if (const auto valid = check_database_address(address); !valid)
      return fail(Errc::kInvalidArgument, flag + valid.error().context);
  }
  // A --db from the environment or the configuration is for other commands and is ignored here.
  if (command.is_given("db"))
    return wrong("--db is for migrating in place: it goes without --from and --to");
  if (is_postgres_url(*options.from))
    return wrong("--from takes a SQLite file: data is copied from SQLite to PostgreSQL only");
  if (!is_postgres_url(*options.to))
    return wrong("--to takes a PostgreSQL database: postgresql://user@host/database");
  return {};
}

/// Prints progress: one line that is overwritten on a terminal, otherwise one line per table.
class ProgressLines {
 public:
  explicit ProgressLines(Io& io) : io_(io) {}
  ~ProgressLines() { end_line(); }
  ProgressLines(const ProgressLines&) = delete;
  ProgressLines& operator=(const ProgressLines&) = delete;

  void show(const copy::Progress& progress) {
    if (io_.err_is_terminal) {
      const std::string line = text_of(progress);
      io_.err << '\r' << line << std::string(width_ > line.size() ? width_ - line.size() : 0, ' ')
              << std::flush;
      width_ = line.size();
    } else if (progress.table_done && progress.rows > 0) {
      io_.err << text_of(progress) << '\n';
    }
  }

  void end_line() {
    if (width_ > 0) io_.err << '\n';
    width_ = 0;
  }

 private:
  static std::string_view verb_of(copy::Phase phase) {
    switch (phase) {
      case copy::Phase::kRead:
        return "reading";
      case copy::Phase::kCopy:
        return "copying";
      case copy::Phase::kVerify:
        break;
    }
    return "verifying";
  }

  static std::string text_of(const copy::Progress& progress) {
    const std::string_view verb = verb_of(progress.phase);
    if (progress.phase == copy::Phase::kRead)
      return fmt::format("{} {}: {} rows", verb, progress.table, progress.rows);
    return fmt::format(
        "{} {}: {} of {} rows", verb, progress.table, progress.rows, progress.rows_total
    );
  }

  Io& io_;
  std::size_t width_ = 0;  // of the line on the terminal
};

void show_summary(Io& io, const copy::Copied& copied, const MigrateOptions& options) {
  if (copied.start == copy::Start::kResumed)
    io.out << "went on behind what an earlier copy had done\n";
  if (copied.start == copy::Start::kAnew)
    io.out << "started again: an earlier copy is not of the present content of " << *options.from
           << '\n';
  for (const auto& table : copied.tables)
    io.out << fmt::format("{:<16} {:>12} rows\n", table.name, table.rows);
  io.out << "verified: the rows of every table have the same count and checksum on both sides\n";
  io.out << fmt::format(
      "next: postrider serve --db '{}'\n",
      has_password(*options.to) ? shown_database(*options.to) : *options.to
  );
  io.out << fmt::format(
      "keep {0} as a backup, and do not serve it again: what is pending there would be sent "
      "twice\n",
      *options.from
  );
}

int copy_over(Io& io, const MigrateOptions& options) {
  ProgressLines lines(io);
  const auto copied = copy::copy_database(
      *options.from, *options.to, [&lines](const copy::Progress& progress) { lines.show(progress); }
  );
  lines.end_line();
  if (!copied) return report_failure(io, copied.error());
  show_summary(io, *copied, options);
  return kExitDone;
}

}  // namespace

void add_migrate(const Command& root) {
  const Command command = root.add(
      "migrate",
      "Create a database, migrate it to the newest schema, or copy it to PostgreSQL",
      "postrider migrate --db postrider.db\n"
      "  postrider migrate --from postrider.db --to postgresql://user@host/database"
  );
  auto& options = command.keep<MigrateOptions>();
  command.text("db", options.db, "Database: a file, or postgresql://...");
  command.allow_environment("db");
  command.text(
      "from",
      options.from,
      "SQLite file to copy while no service uses it; it is migrated to the newest schema first, "
      "and "
      "otherwise not changed. The same command continues an interrupted copy"
  );
  command.text("to", options.to, "Empty PostgreSQL database to copy --from into: postgresql://...");
  command.run_checked([command, &options](Io& io) -> Result<int> {
    if (!options.from && !options.to) {
      if (const auto valid = check_database_address(options.db); !valid)
        return fail(Errc::kInvalidArgument, "--db: " + valid.error().context);
      return bring_to_newest(io, options.db);
    }
    if (auto checked = check_copy(command, options); !checked)
      return tl::unexpected<Error>(checked.error());
    return copy_over(io, options);
  });
}

}  // namespace postrider::cli
