#include "store/sqlite/wal_watch.h"

#include "store/sqlite/sqlite_store.h"

#include "tests/support/raw_db.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {

TEST(WalWatch, WakesWhenSomebodyCommits) {
  const TempDir dir;
  const std::string path = dir.file("postrider.db");
  auto watch = sqlite::WalWatch::open(path);
  ASSERT_TRUE(watch);
  for (int times = 0; times < 2; ++times) {
    // The log goes with its last connection and comes back with the next.
    ASSERT_TRUE(sqlite::SqliteStore::open(path));
    while ((*watch)->wait(Millis{0})) {
    }
    ASSERT_EQ(RawDb(path).exec("INSERT INTO outbox (type) VALUES ('a')"), SQLITE_OK);
    EXPECT_TRUE((*watch)->wait(Millis{5000}));
  }
}

TEST(WalWatch, IsWokenAndTimesOut) {
  const TempDir dir;
  auto watch = sqlite::WalWatch::open(dir.file("postrider.db"));
  ASSERT_TRUE(watch);
  EXPECT_FALSE((*watch)->wait(Millis{0}));
  (*watch)->wake();
  (*watch)->wake();
  EXPECT_TRUE((*watch)->wait(Millis{5000}));
  EXPECT_FALSE((*watch)->wait(Millis{1}));
}

TEST(WalWatch, NeedsTheDirectory) {
  EXPECT_FALSE(sqlite::WalWatch::open("/nonexistent/postrider.db"));
}

}  // namespace postrider::testing
