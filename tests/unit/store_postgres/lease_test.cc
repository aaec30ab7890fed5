// Nodes that share a database: whose turn it is, and that nobody else writes.
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/postgres/pg_lease.h"
#include "store/postgres/pg_store.h"

#include "tests/support/must.h"
#include "tests/support/pg_database.h"

namespace postrider::testing {
namespace {

using postgres::PgLease;
using postgres::PgStore;
using ::testing::HasSubstr;

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);
constexpr Millis kLong{600'000};
/// Has ended before anybody can ask.
constexpr Millis kOver{-1};

class PgLeases : public ::testing::Test {
 protected:
  std::unique_ptr<PgLease> join(Millis duration = kLong) {
    return must(PgLease::join(database_.url(), duration));
  }
  std::unique_ptr<PgStore> store_of(const PgLease& lease) {
    return must(PgStore::open(database_.url(), lease.node()));
  }
  static Status append(Store& store) {
    if (auto begun = store.begin(); !begun) return begun;
    EventDraft draft;
    draft.type = "a";
    draft.data = "{}";
    const std::vector<NewEvent> events{{.draft = draft, .targets = {}}};
    Status appended = store.append(events, kNow).map([](const auto&) {});
    if (appended) appended = store.commit();
    if (!appended) store.rollback();
    return appended;
  }
  std::string count_events() { return client_.column("SELECT count(*) FROM event").front(); }

  const PgDatabase database_;
  RawPg client_{database_.url()};
};

}  // namespace

TEST_F(PgLeases, TheFirstNodeServesAndOthersWait) {
  const auto first = join();
  const auto second = join();
  EXPECT_TRUE(must(first->renew()));
  EXPECT_FALSE(must(second->renew()));
  EXPECT_TRUE(must(first->renew()));
}

TEST_F(PgLeases, NodeThatLeavesMakesWayForTheNext) {
  const auto first = join();
  const auto second = join();
  const auto third = join();
  first->leave();
  EXPECT_TRUE(must(second->renew()));
  EXPECT_FALSE(must(third->renew()));
  EXPECT_EQ(first->renew().error().code, Errc::kNotFound);
}

TEST_F(PgLeases, LeaseThatWasNotRenewedInTimeIsTakenByTheNext) {
  const auto first = join(kOver);
  const auto second = join();
  EXPECT_TRUE(must(second->renew()));
  EXPECT_EQ(first->renew().error().code, Errc::kNotFound);
}

TEST_F(PgLeases, LeaseThatEndedGoesOnWhenNobodyTookIt) {
  const auto first = join(kOver);
  EXPECT_TRUE(must(first->renew()));
  EXPECT_TRUE(append(*store_of(*first)));
}

TEST_F(PgLeases, LeaseGoesOnInANewSession) {
  const auto first = join();
  client_.end_other_sessions();
  EXPECT_TRUE(must(first->renew()));
}

TEST_F(PgLeases, NodeThatAnotherHasFollowedWritesNothing) {
  const auto first = join(kOver);
  const auto store = store_of(*first);
  EXPECT_TRUE(append(*store));
  const auto second = join();
  EXPECT_TRUE(must(second->renew()));
  const Status late = append(*store);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kUnavailable);
  EXPECT_THAT(late.error().context, HasSubstr("another node has followed this one"));
  EXPECT_EQ(count_events(), "1");
  EXPECT_TRUE(append(*store_of(*second)));
}

TEST_F(PgLeases, TransactionThatIsOpenEndsBeforeAnotherNodeFollows) {
  const auto first = join(kOver);
  const auto store = store_of(*first);
  must(store->begin());
  must(store->write_probe(kNow));
  const auto second = join();
  EXPECT_FALSE(must(second->renew())) << "it is held";
  must(store->commit());
  EXPECT_TRUE(must(second->renew()));
}

TEST_F(PgLeases, IdsOfTheNextNodeAreLargerThanAllBefore) {
  const auto first = join();
  const auto store = store_of(*first);
  EXPECT_TRUE(append(*store));
  first->leave();
  const auto second = join();
  EXPECT_TRUE(append(*store_of(*second)));
  const auto ids = client_.column("SELECT id FROM event ORDER BY id");
  ASSERT_EQ(ids.size(), 2U);
  EXPECT_NE(ids[0], ids[1]);
}

}  // namespace postrider::testing
