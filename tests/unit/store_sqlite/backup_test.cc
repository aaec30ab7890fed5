#include "store/sqlite/backup.h"

#include "store/sqlite/check.h"
#include "store/sqlite/sqlite_store.h"

#include "tests/support/raw_db.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {
namespace {

class Backup : public ::testing::Test {
 protected:
  TempDir dir_;
  std::string path_ = dir_.file("postrider.db");
  std::string copy_ = dir_.file("copy.db");
};

}  // namespace

TEST_F(Backup, CopiesWhatIsCommittedWhileTheStoreIsOpen) {
  auto store = sqlite::SqliteStore::open(path_);
  ASSERT_TRUE(store);
  ASSERT_EQ(RawDb(path_).exec("INSERT INTO outbox (type) VALUES ('a')"), SQLITE_OK);
  std::int64_t done = 0;
  std::int64_t total = 0;
  const auto status = sqlite::backup(path_, copy_, [&](std::int64_t now, std::int64_t all) {
    done = now;
    total = all;
  });
  ASSERT_TRUE(status) << status.error().context;
  EXPECT_GT(total, 0);
  EXPECT_EQ(done, total);
  EXPECT_FALSE(std::filesystem::exists(copy_ + "-wal"));
  EXPECT_TRUE(sqlite::check(copy_)->empty());
  EXPECT_EQ(RawDb(copy_).column("SELECT type FROM outbox"), std::vector<std::string>{"a"});
}

TEST_F(Backup, LeavesAnExistingFileAlone) {
  ASSERT_TRUE(sqlite::SqliteStore::open(path_));
  ASSERT_TRUE(sqlite::backup(path_, copy_));
  EXPECT_EQ(sqlite::backup(path_, copy_).error().code, Errc::kConflict);
  EXPECT_TRUE(sqlite::check(copy_)->empty());
}

TEST_F(Backup, OfNothingLeavesNothing) {
  EXPECT_FALSE(sqlite::backup(path_, copy_));
  EXPECT_FALSE(std::filesystem::exists(copy_));
}

TEST_F(Backup, CheckNamesRowsThatBreakInvariantsAndReferences) {
  ASSERT_TRUE(sqlite::SqliteStore::open(path_));
  EXPECT_TRUE(sqlite::check(path_)->empty());
  ASSERT_EQ(
      RawDb(path_).exec(
          "PRAGMA ignore_check_constraints = ON;"
          "INSERT INTO delivery (id, event_id, endpoint_id, state) VALUES (5, 1, 1, 'pending')"
      ),
      SQLITE_OK
  );
  const auto findings = sqlite::check(path_);
  ASSERT_TRUE(findings);
  EXPECT_GE(findings->size(), 3U);
}

}  // namespace postrider::testing
