// That at most one node writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/postgres/pg_store.h"

#include "tests/support/must.h"
#include "tests/support/pg_database.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;

class OneWriter : public ::testing::Test {
 protected:
  Result<std::unique_ptr<postgres::PgStore>> open() {
    return postgres::PgStore::open(database_.url());
  }
  /// What comes of a transaction that writes something; the one that finds its session gone does
  /// not count.
  static Status write(Store& store) {
    Status written;
    for (int tries = 0; tries < 2; ++tries) {
      written = store.begin();
      if (!written) continue;
      written = store.write_probe(from_unix_ms(1));
      if (written) return store.commit();
      store.rollback();
    }
    return written;
  }

  PgDatabase database_;
};

TEST_F(OneWriter, KeepsOthersOutUntilItEnds) {
  auto first = must(open());
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kBusy);
  EXPECT_EQ(second.error().context, "another node has the schema public of this database");
  first.reset();
  EXPECT_TRUE(open());
}

TEST_F(OneWriter, GoesOnInANewSession) {
  auto store = must(open());
  RawPg(database_.url()).end_other_sessions();
  EXPECT_TRUE(write(*store));
  EXPECT_EQ(open().error().code, Errc::kBusy) << "it has the lock again";
}

TEST_F(OneWriter, WritesNoMoreOnceAnotherHasFollowedIt) {
  auto first = must(open());
  RawPg(database_.url()).end_other_sessions();
  auto second = must(open());
  EXPECT_EQ(write(*first).error().code, Errc::kBusy);
  second.reset();
  // The server ends a session in its own time.
  Status late = write(*first);
  while (!late && late.error().code == Errc::kBusy) late = write(*first);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kUnavailable);
  EXPECT_THAT(late.error().context, HasSubstr("this one has to be started again"));
  EXPECT_TRUE(open()) << "it does not keep the lock";
}

}  // namespace
}  // namespace postrider::testing
