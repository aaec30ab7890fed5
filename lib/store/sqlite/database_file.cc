#include "store/sqlite/database_file.h"

#include <charconv>
#include <vector>

#include <sys/stat.h>

#include "base/fnv1a.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sql_file.h"

namespace postrider::sqlite {
namespace {

constexpr Millis kWriterBusyTimeout{1000};
/// A reader in WAL mode waits for nobody but a file being recovered.
constexpr Millis kReaderBusyTimeout{250};

std::int64_t number_of(std::string_view file_name) {
  std::int64_t number = 0;
  const auto parsed =
      std::from_chars(file_name.data(), file_name.data() + file_name.size(), number);
  POSTRIDER_ASSERT(parsed.ec == std::errc{});
  return number;
}

/// Notices an edited file.
std::string checksum_of(std::string_view text) {
  std::uint64_t hash = fnv1a(text);
  std::string digits(16, '0');
  for (std::size_t i = digits.size(); i-- > 0;) {
    digits[i] = "0123456789abcdef"[hash & 15U];
    hash >>= 4U;
  }
  return digits;
}

Result<std::int64_t> number(Db& db, std::string_view sql) {
  return db.one(sql, [](const Row& row) { return row.i64(0); }).map([](const auto& found) {
    return found.value_or(0);
  });
}

struct Applied {
  std::int64_t number;
  std::string checksum;
};

tl::unexpected<Error> refuse(const std::string& path, std::string_view why) {
  return fail(Errc::kCorrupt, path + " " + std::string{why});
}

/// SQLite's own words for a file that is none of its own, with the file's name in front.
tl::unexpected<Error> refuse(const std::string& path, Error error) {
  if (error.code != Errc::kCorrupt) return tl::unexpected<Error>(std::move(error));
  const bool no_database = (error.native & 0xff) == SQLITE_NOTADB;
  error.context = path + (no_database ? " is not an SQLite database" : " is damaged");
  return tl::unexpected<Error>(std::move(error));
}

enum class Content : std::uint8_t { kEmpty, kOurs };

/// Looks without writing a byte.
Result<Content> inspect(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || info.st_size == 0) return Content::kEmpty;
  if (!S_ISREG(info.st_mode)) return refuse(path, "is not a regular file");
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

Result<std::vector<Applied>> applied_migrations(Db& db) {
  return db.all(sql::kAppliedMigrations, [](const Row& row) {
    return Applied{row.i64(0), row.text(2)};
  });
}

Status check_applied(const std::vector<Applied>& applied, const std::string& path) {
  for (const Applied& row : applied) {
    const EmbeddedFile* file = nullptr;
    for (const auto& candidate : kMigrations) {
      if (number_of(candidate.name) == row.number) file = &candidate;
    }
    if (file == nullptr) return refuse(path, "has a migration that this program does not know");
    if (checksum_of(file->text) != row.checksum)
      return refuse(path, "was migrated by another version of " + std::string{file->name});
  }
  return {};
}

/// One migration in the transaction that is open.
Status apply(Db& db, const EmbeddedFile& file) {
  const std::int64_t number = number_of(file.name);
  return db.run(sql::kRecordMigration, number, file.name, checksum_of(file.text)).and_then([&] {
    return db.script(file.text);
  });
}

Status in_transaction(Db& db, const auto& work) {
  if (auto status = db.run(sql::kBeginWrite); !status) return status;
  Status status = work();
  if (status) status = db.run(sql::kCommit);
  if (!status && db.in_transaction()) {
    // What failed is reported; there is nothing to add when the rollback fails too.
    static_cast<void>(db.run(sql::kRollback).has_value());
  }
  return status;
}

Status migrate(Db& db, const std::string& path) {
  auto status = in_transaction(db, [&] { return db.script(sql::kCreateMigrationTable); });
  if (!status) return status;
  for (const auto& file : kMigrations) {
    // Read anew inside each transaction: another process may have applied it meanwhile.
    status = in_transaction(db, [&]() -> Status {
      const auto applied = applied_migrations(db);
      if (!applied) return tl::unexpected<Error>(applied.error());
      if (auto known = check_applied(*applied, path); !known) return known;
      for (const Applied& row : *applied) {
        if (row.number == number_of(file.name)) return {};
      }
      return apply(db, file);
    });
    if (!status) return status;
  }
  return {};
}

/// Whether every migration is there and unchanged. Takes no lock, so that a start does not wait.
Result<bool> is_newest(Db& db, const std::string& path) {
  const auto applied = applied_migrations(db);
  if (!applied) return tl::unexpected<Error>(applied.error());
  if (auto known = check_applied(*applied, path); !known)
    return tl::unexpected<Error>(known.error());
  return applied->size() == kMigrations.size();
}

}  // namespace

std::int64_t newest_version() { return number_of(kMigrations.back().name); }

Result<std::unique_ptr<Db>> open_writable(const std::string& path) {
  const auto content = inspect(path);
  if (!content) return tl::unexpected<Error>(content.error());
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
