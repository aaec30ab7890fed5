#include "store/sqlite/database_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite/database_lock.h"
#include "store/sqlite/sqlite_store.h"

#include "tests/support/raw_db.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {
namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// Refused with one sentence that names the file, and left as it is.
void expect_refused(const std::string& path, const std::string& why) {
  const std::string before = bytes_of(path);
  const auto store = sqlite::SqliteStore::open(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::kCorrupt);
  EXPECT_EQ(store.error().context, path + " " + why);
  EXPECT_EQ(bytes_of(path), before);
}

class DatabaseFile : public ::testing::Test {
 protected:
  void make() { ASSERT_TRUE(sqlite::SqliteStore::open(path_)); }

  TempDir dir_;
  std::string path_ = dir_.file("postrider.db");
};

}  // namespace

TEST_F(DatabaseFile, IsMadeWhenMissingAndOpenedWhenThere) {
  make();
  make();
  RawDb db(path_);
  EXPECT_EQ(db.column("PRAGMA journal_mode").front(), "wal");
  EXPECT_EQ(db.column("PRAGMA auto_vacuum").front(), "2");
  EXPECT_EQ(db.column("PRAGMA application_id").front(), std::to_string(sqlite::kApplicationId));
  EXPECT_EQ(db.column("PRAGMA user_version").front(), std::to_string(sqlite::newest_version()));
}

TEST_F(DatabaseFile, IsMadeForItsOwnerAlone) {
  const mode_t before = ::umask(0);
  {
    const auto lock = sqlite::DatabaseLock::take(path_);
    ASSERT_TRUE(lock);
    const auto store = sqlite::SqliteStore::open(path_);
    ASSERT_TRUE(store);
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
      const auto mode = std::filesystem::status(path_ + suffix).permissions();
      EXPECT_EQ(mode, std::filesystem::perms{0600}) << suffix;
    }
    EXPECT_FALSE(sqlite::is_readable_by_others(path_));
  }
  ::umask(before);
}

TEST_F(DatabaseFile, KeepsTheModeThatItWasGiven) {
  make();
  for (const auto mode : {std::filesystem::perms{0660}, std::filesystem::perms{0664}}) {
    std::filesystem::permissions(path_, mode);
    make();
    EXPECT_EQ(std::filesystem::status(path_).permissions(), mode);
    EXPECT_EQ(sqlite::is_readable_by_others(path_), mode == std::filesystem::perms{0664});
  }
}

TEST_F(DatabaseFile, IsNotLockedThroughASymbolicLink) {
  const std::string victim = dir_.file("victim");
  write_file(victim, "precious");
  std::filesystem::create_symlink(victim, path_ + ".lock");
  const auto lock = sqlite::DatabaseLock::take(path_);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().context, "cannot lock " + path_ + ".lock: it is a symbolic link");
  EXPECT_EQ(bytes_of(victim), "precious");
}

TEST_F(DatabaseFile, OfTheFirstVersionIsMigratedAndKeepsWhatItHas) {
  {
    RawDb db(path_);
    const std::string first = std::string{POSTRIDER_MIGRATIONS_DIR} + "/0001_create_tables.sql";
    ASSERT_EQ(db.exec(bytes_of(first)), SQLITE_OK);
    ASSERT_EQ(
        db.exec("CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
                "checksum TEXT NOT NULL) STRICT"),
        SQLITE_OK
    );
    // What the first version has always recorded: its file must never change.
    ASSERT_EQ(
        db.exec("INSERT INTO migration VALUES (1, '0001_create_tables.sql', '676aed39d2ac0e4c')"),
        SQLITE_OK
    );
    ASSERT_EQ(
        db.exec("INSERT INTO endpoint (id, tenant, state, state_changed_at_ms, created_at_ms, "
                "updated_at_ms, failing_since_ms, failed_attempts_count, config) VALUES "
                "(7, 'default', 'active', 1, 1, 1, 5, 40, '{\"url\":\"http://a.example/\"}')"),
        SQLITE_OK
    );
  }
  make();
  EXPECT_EQ(
      RawDb(path_).column("PRAGMA user_version").front(), std::to_string(sqlite::newest_version())
  );
  const auto reader = sqlite::SqliteReaders(path_).open();
  ASSERT_TRUE(reader);
  const auto endpoint = (*reader)->endpoint({7});
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->failed_attempts_count, 40);
  EXPECT_TRUE((*reader)->recent_sends()->empty());
}

TEST_F(DatabaseFile, IsMadeInAnEmptyFile) {
  write_file(path_, "");
  make();
}

TEST_F(DatabaseFile, ThatIsNoDatabaseIsRefusedUntouched) {
  write_file(path_, std::string(5000, 'x'));
  expect_refused(path_, "is not an SQLite database");
}

TEST_F(DatabaseFile, OfAnotherApplicationIsRefusedUntouched) {
  ASSERT_EQ(RawDb(path_).exec("CREATE TABLE t (a)"), SQLITE_OK);
  expect_refused(path_, "is a database of another application");
}

TEST_F(DatabaseFile, OfANewerVersionIsRefusedWithBothVersions) {
  make();
  ASSERT_EQ(RawDb(path_).exec("PRAGMA user_version = 77"), SQLITE_OK);
  expect_refused(
      path_,
      "is of version 77, this program knows versions up to " +
          std::to_string(sqlite::newest_version())
  );
}

TEST_F(DatabaseFile, ThatWasCutOffIsRefused) {
  make();
  write_file(path_, bytes_of(path_).substr(0, 3 * 4096));
  expect_refused(path_, "is damaged");
}

TEST_F(DatabaseFile, WithAnEditedMigrationIsRefused) {
  make();
  ASSERT_EQ(RawDb(path_).exec("UPDATE migration SET checksum = 'x'"), SQLITE_OK);
  expect_refused(path_, "was migrated by another version of 0001_create_tables.sql");
}

TEST_F(DatabaseFile, IsNotMadeByAReader) {
  const auto reader = sqlite::SqliteReaders(path_).open();
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, Errc::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(DatabaseFile, LockedBySomebodyElseIsBusyAndThenUsable) {
  auto store = sqlite::SqliteStore::open(path_);
  ASSERT_TRUE(store);
  {
    RawDb other(path_);
    ASSERT_EQ(other.exec("BEGIN IMMEDIATE"), SQLITE_OK);
    const auto status = (*store)->begin();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::kBusy);
    ASSERT_EQ(other.exec("COMMIT"), SQLITE_OK);
  }
  EXPECT_TRUE((*store)->begin());
  EXPECT_TRUE((*store)->commit());
}

TEST_F(DatabaseFile, ConstraintsKeepImpossibleDeliveriesOut) {
  make();
  RawDb db(path_);
  const std::string insert =
      "INSERT INTO delivery (id, event_id, endpoint_id, state, due_at_ms, finished_at_ms) VALUES ";
  EXPECT_EQ(db.exec(insert + "(1, 1, 1, 'pending', NULL, NULL)"), SQLITE_CONSTRAINT);
  EXPECT_EQ(db.exec(insert + "(1, 1, 1, 'delivered', 1, 1)"), SQLITE_CONSTRAINT);
  EXPECT_EQ(db.exec(insert + "(1, 1, 1, 'delivered', NULL, NULL)"), SQLITE_CONSTRAINT);
  EXPECT_EQ(db.exec(insert + "(1, 1, 1, 'sending', NULL, 1)"), SQLITE_CONSTRAINT);
  EXPECT_EQ(db.exec(insert + "(1, 1, 1, 'delivered', NULL, 1)"), SQLITE_OK);
}

TEST(DatabaseLock, NamesItsFileAndItsHolder) {
  const TempDir dir;
  const std::string path = dir.file("postrider.db");
  {
    const auto first = sqlite::DatabaseLock::take(path);
    ASSERT_TRUE(first);
    const auto second = sqlite::DatabaseLock::take(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kBusy);
    EXPECT_EQ(
        second.error().context,
        path + " is in use by process " + std::to_string(::getpid()) + " (it holds " + path +
            ".lock)"
    );
  }
  EXPECT_TRUE(sqlite::DatabaseLock::take(path));
}

TEST(DatabaseLock, IsNotMadeBesideAFileOfSomebodyElse) {
  const TempDir dir;
  const auto expect_refused = [](const std::string& path, const std::string& why) {
    const auto lock = sqlite::DatabaseLock::take(path);
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().context, path + " " + why);
    EXPECT_FALSE(std::filesystem::exists(path + ".lock"));
  };
  const std::string notes = dir.file("notes");
  write_file(notes, "no database");
  expect_refused(notes, "is not an SQLite database");
  const std::string songs = dir.file("songs.db");
  ASSERT_EQ(RawDb(songs).exec("CREATE TABLE song (name TEXT)"), SQLITE_OK);
  expect_refused(songs, "is a database of another application");
  const std::string directory = dir.file("directory");
  ASSERT_TRUE(std::filesystem::create_directory(directory));
  expect_refused(directory, "is not a regular file");
}

TEST(DatabaseLock, SaysThatADirectoryIsMissing) {
  const TempDir dir;
  const auto lock = sqlite::DatabaseLock::take(dir.file("missing/postrider.db"));
  ASSERT_FALSE(lock);
  EXPECT_EQ(
      lock.error().context,
      "the directory of " + dir.file("missing/postrider.db") + " does not exist"
  );
}

}  // namespace postrider::testing
