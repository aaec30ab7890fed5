#include "store/postgres/database.h"

#include "store/migration_files.h"
#include "store/postgres/migrations.h"
#include "store/postgres/sql_copy.h"
#include "store/postgres/sql_database.h"
#include "store/postgres/sql_session.h"

namespace postrider::postgres {
namespace {

/// For migrations and copies, for which only the caller waits. Longer than wait_for_migrations lets
/// a node wait, and than the migration of a large table takes.
constexpr Millis kMigrationSilenceMax{600'000};

std::string name_of(const Connection& db) { return "the schema " + db.schema(); }

Result<std::vector<AppliedMigration>> applied_migrations(Connection& db) {
  auto applied = db.all(sql::kAppliedMigrations, [](const Row& row) {
    return AppliedMigration{row.i64(0), row.text(1)};
  });
  if (!applied) return applied;
  if (auto status = check_applied(migration_files(kMigrations), *applied, name_of(db)); !status)
    return tl::unexpected<Error>(status.error());
  return applied;
}

/// Applies a migration in the open transaction.
Status apply(Connection& db, const EmbeddedFile& file) {
  db.queue(
      sql::kRecordMigration, migration_number(file.name), file.name, migration_checksum(file.text)
  );
  return db.exchange().map([](const auto&) {}).and_then([&] { return db.script(file.text); });
}

/// Runs `work` in a transaction that excludes migrations by other nodes.
Status alone(Connection& db, const auto& work) {
  db.queue(sql::kBeginWrite);
  db.queue(sql::kWaitForMigrations);
  db.queue(sql::kLockMigrations);
  Status status = db.exchange().map([](const auto&) {});
  if (status) status = work();
  if (status) status = db.run(sql::kCommit);
  if (!status && db.in_transaction()) {
    // The first error is reported, so a failed rollback can be ignored.
    static_cast<void>(db.run(sql::kRollback).has_value());
  }
  return status;
}

Status migrate(Connection& db) {
  for (const EmbeddedFile& file : kMigrations) {
    // Read again in each transaction, because another node may have applied the migration.
    auto status = alone(db, [&]() -> Status {
      if (auto made = db.run(sql::kCreateMigrationTable); !made) return made;
      const auto applied = applied_migrations(db);
      if (!applied) return tl::unexpected<Error>(applied.error());
      return is_applied(*applied, migration_number(file.name)) ? Status{} : apply(db, file);
    });
    if (!status) return status;
  }
  return {};
}

Result<bool> has_migration_table(Connection& db) {
  return db.one(
               sql::kHasMigrationTable, [](const Row& row) { return row.boolean(0); }
  ).map([](const auto& found) { return found.value_or(false); });
}

/// Returns whether all migrations were applied; fails if one was changed. Takes no lock, so that a
/// start does not wait.
Result<bool> is_newest(Connection& db) {
  auto begun = has_migration_table(db);
  if (!begun || !*begun) return begun;
  return applied_migrations(db).map([](const auto& applied) {
    return applied.size() == kMigrations.size();
  });
}

/// Converts the errors for existing tables and missing columns into kCorrupt: these tables belong
/// to another application.
Error refused(const Connection& db, Error error) {
  const int others[] = {native_of("42P07"), native_of("42703")};
  for (const int native : others) {
    if (error.native != native) continue;
    error.code = Errc::kCorrupt;
    error.context = name_of(db) + " has tables of another application; " + error.context;
  }
  return error;
}

}  // namespace

std::int64_t newest_version() { return migration_number(kMigrations.back().name); }

Result<std::unique_ptr<Connection>> open_writable(const std::string& url) {
  auto db = Connection::open(url, Role::kWriter);
  if (!db) return db;
  const auto newest = is_newest(**db);
  if (!newest) return tl::unexpected<Error>(refused(**db, newest.error()));
  if (*newest) return db;
  (*db)->allow_silence(kMigrationSilenceMax);
  if (auto status = migrate(**db); !status)
    return tl::unexpected<Error>(refused(**db, status.error()));
  return Connection::open(url, Role::kWriter);
}

Result<std::unique_ptr<Connection>> open_new(const std::string& url) {
  auto db = Connection::open(url, Role::kWriter);
  if (!db) return db;
  (*db)->allow_silence(kMigrationSilenceMax);
  const auto begun = has_migration_table(**db);
  if (!begun) return tl::unexpected<Error>(begun.error());
  if (*begun) {
    const auto newest = is_newest(**db);
    if (!newest) return tl::unexpected<Error>(refused(**db, newest.error()));
    if (*newest) return db;
    // An unfinished copy of an earlier version may be migrated, because no node uses it yet.
    if (refuse_unfinished_copy(**db)) {
      return fail(
          Errc::kConflict,
          name_of(**db) +
              " is of an older version: postrider migrate --db URL brings it to the newest"
      );
    }
  }
  if (auto status = migrate(**db); !status)
    return tl::unexpected<Error>(refused(**db, status.error()));
  return db;
}

Result<std::unique_ptr<Connection>> open_readable(const std::string& url) {
  auto db = Connection::open(url, Role::kReader);
  if (!db) return db;
  const auto newest = is_newest(**db);
  if (!newest) return tl::unexpected<Error>(refused(**db, newest.error()));
  if (!*newest) return fail(Errc::kNotFound, name_of(**db) + " has not been migrated");
  return db;
}

Status refuse_unfinished_copy(Connection& db) {
  const auto mark = db.one(sql::kCopyMark, [](const Row& row) { return row.i64(0); });
  if (!mark) return tl::unexpected<Error>(mark.error());
  if (!*mark) return {};
  return fail(
      Errc::kConflict,
      name_of(db) + " holds a copy that is not finished: postrider migrate --from FILE --to URL " +
          "continues it"
  );
}

}  // namespace postrider::postgres
