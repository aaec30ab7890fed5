#include "store/sqlite/database_file.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/system_error.h"
#include "store/migration_files.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sql_file.h"

namespace postrider::sqlite {
namespace {

constexpr Millis kWriterBusyTimeout{1000};
/// In WAL mode, a reader waits only while another process recovers the file.
constexpr Millis kReaderBusyTimeout{250};

Result<std::int64_t> number(Db& db, std::string_view sql) {
  return db.one(sql, [](const Row& row) { return row.i64(0); }).map([](const auto& found) {
    return found.value_or(0);
  });
}

tl::unexpected<Error> refuse(const std::string& path, std::string_view why) {
  return fail(Errc::kCorrupt, path + " " + std::string{why});
}

/// Replaces SQLite's message about a file that it cannot read by one with the file's name.
tl::unexpected<Error> refuse(const std::string& path, Error error) {
  if (error.code != Errc::kCorrupt) return tl::unexpected<Error>(std::move(error));
  const bool no_database = (error.native & 0xff) == SQLITE_NOTADB;
  error.context = path + (no_database ? " is not an SQLite database" : " is damaged");
  return tl::unexpected<Error>(std::move(error));
}

/// Creates an empty file that only its owner can open; an existing one keeps its mode. SQLite gives
/// the log and its index the mode of the database.
Status create_private(const std::string& path) {
  const Fd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (file) return {};
  return fail_system(Errc::kUnavailable, "cannot create " + path, errno);
}

enum class Content : std::uint8_t { kEmpty, kOurs };

/// Examines the file without writing to it.
Result<Content> inspect(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return Content::kEmpty;
  if (!S_ISREG(info.st_mode)) return refuse(path, "is not a regular file");
  if (info.st_size == 0) return Content::kEmpty;
  auto db = Db::open(path, Access::kReadOnly, kWriterBusyTimeout);
  if (!db) return refuse(path, db.error());
  const auto application = number(**db, sql::kApplicationId);
  if (!application) return refuse(path, application.error());
  const auto version = number(**db, sql::kUserVersion);
  if (!version) return refuse(path, version.error());
  const auto tables = number(**db, sql::kHasTables);
  if (!tables) return refuse(path, tables.error());
  if (*application == 0 && *version == 0 && *tables == 0) return Content::kEmpty;
  if (*application != kApplicationId) return refuse(path, "is a database of another application");
  if (*version > newest_version()) {
    return refuse(
        path,
        "is of version " + std::to_string(*version) + ", this program knows versions up to " +
            std::to_string(newest_version())
    );
  }
  return Content::kOurs;
}

Result<std::vector<AppliedMigration>> applied_migrations(Db& db, const std::string& path) {
  auto applied = db.all(sql::kAppliedMigrations, [](const Row& row) {
    return AppliedMigration{row.i64(0), row.text(2)};
  });
  if (!applied) return applied;
  if (auto status = check_applied(migration_files(kMigrations), *applied, path); !status)
    return tl::unexpected<Error>(status.error());
  return applied;
}

/// Applies a migration in the open transaction.
Status apply(Db& db, const EmbeddedFile& file) {
  const std::int64_t number = migration_number(file.name);
  return db.run(sql::kRecordMigration, number, file.name, migration_checksum(file.text))
      .and_then([&] { return db.script(file.text); });
}

Status in_transaction(Db& db, const auto& work) {
  if (auto status = db.run(sql::kBeginWrite); !status) return status;
  Status status = work();
  if (status) status = db.run(sql::kCommit);
  if (!status && db.in_transaction()) {
    // The first error is reported, so a failed rollback can be ignored.
    static_cast<void>(db.run(sql::kRollback).has_value());
  }
  return status;
}

Status migrate(Db& db, const std::string& path) {
  auto status = in_transaction(db, [&] { return db.script(sql::kCreateMigrationTable); });
  if (!status) return status;
  for (const auto& file : kMigrations) {
    // Read again in each transaction, because another process may have applied the migration.
    status = in_transaction(db, [&]() -> Status {
      const auto applied = applied_migrations(db, path);
      if (!applied) return tl::unexpected<Error>(applied.error());
      return is_applied(*applied, migration_number(file.name)) ? Status{} : apply(db, file);
    });
    if (!status) return status;
  }
  return {};
}

/// Returns whether all migrations were applied; fails if one was changed. Takes no lock, so that a
/// start does not wait.
Result<bool> is_newest(Db& db, const std::string& path) {
  return applied_migrations(db, path).map([](const auto& applied) {
    return applied.size() == kMigrations.size();
  });
}

}  // namespace

bool is_readable_by_others(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && (info.st_mode & S_IRWXO) != 0;
}

Status check_usable(const std::string& path) {
  return inspect(path).map([](Content) {});
}

std::int64_t newest_version() { return migration_number(kMigrations.back().name); }

Result<std::unique_ptr<Db>> open_writable(const std::string& path) {
  const auto content = inspect(path);
  if (!content) return tl::unexpected<Error>(content.error());
  if (*content == Content::kEmpty) {
    if (auto created = create_private(path); !created)
      return tl::unexpected<Error>(created.error());
  }
  auto db = Db::open(path, Access::kCreate, kWriterBusyTimeout);
  if (!db) return refuse(path, db.error());
  if (*content == Content::kEmpty) {
    if (auto status = (*db)->script(sql::kCreateFile); !status)
      return tl::unexpected<Error>(status.error());
  }
  if (auto status = (*db)->script(sql::kConnectWriter); !status)
    return refuse(path, status.error());
  if (*content == Content::kOurs) {
    const auto newest = is_newest(**db, path);
    if (!newest) return tl::unexpected<Error>(newest.error());
    if (*newest) return db;
  }
  if (auto status = migrate(**db, path); !status) return refuse(path, status.error());
  return db;
}

Result<std::unique_ptr<Db>> open_readable(const std::string& path) {
  const auto content = inspect(path);
  if (!content) return tl::unexpected<Error>(content.error());
  if (*content == Content::kEmpty) return fail(Errc::kNotFound, "no database at " + path);
  return Db::open(path, Access::kReadOnly, kReaderBusyTimeout);
}

}  // namespace postrider::sqlite
