// Nodes that share a database: who has which part of the work, and that nobody else writes.
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
constexpr const char* kNowMs = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

class PgLeases : public ::testing::Test {
 protected:
  std::unique_ptr<PgLease> join(Millis duration = kLong) {
    return must(PgLease::join(database_.url(), duration));
  }
  std::unique_ptr<PgStore> store_of(const PgLease& lease) {
    return must(PgStore::open(database_.url(), lease.node()));
  }
  static Partitions owned(PgLease& lease) { return must(lease.renew(Membership::kWorking)).owned; }
  static Partitions last_of(Partitions partitions, std::size_t count) {
    for (std::size_t i = 0; partitions.count() > count; ++i) partitions.reset(i);
    return partitions;
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

TEST_F(PgLeases, ANodeThatIsAloneHasEverything) {
  const auto node = join();
  EXPECT_TRUE(owned(*node).all());
  EXPECT_TRUE(owned(*node).all()) << "and keeps it";
}

TEST_F(PgLeases, NodesShareTheWorkEvenly) {
  const auto first = join();
  EXPECT_EQ(owned(*first).count(), 256U);
  const auto second = join();
  const auto third = join();
  const Share share = must(first->renew(Membership::kWorking));
  EXPECT_EQ(share.fair, 86U);
  EXPECT_TRUE(owned(*second).none()) << "what has an owner stays his";
  must(first->give_back(last_of(share.owned, 256 - 86)));
  EXPECT_EQ(owned(*first).count(), 86U);
  EXPECT_EQ(owned(*second).count(), 86U);
  EXPECT_EQ(owned(*third).count(), 84U);
  EXPECT_TRUE((owned(*first) | owned(*second) | owned(*third)).all());
  EXPECT_TRUE((owned(*first) & owned(*second)).none());
}

TEST_F(PgLeases, NodeThatIsLeavingIsNotCountedAndClaimsNothing) {
  const auto first = join();
  const auto second = join();
  EXPECT_TRUE(must(first->renew(Membership::kLeaving)).owned.none());
  EXPECT_TRUE(owned(*second).all());
}

TEST_F(PgLeases, WhatANodeLeavesBehindIsFree) {
  const auto first = join();
  EXPECT_TRUE(owned(*first).all());
  const auto second = join();
  first->leave();
  EXPECT_TRUE(owned(*second).all());
  EXPECT_EQ(first->renew(Membership::kWorking).error().code, Errc::kNotFound);
}

TEST_F(PgLeases, NodeWhoseLeaseHasEndedIsRemovedByTheNextThatRenews) {
  const auto first = join(kOver);
  EXPECT_TRUE(owned(*first).all());
  const auto second = join();
  EXPECT_TRUE(owned(*second).all());
  EXPECT_EQ(first->renew(Membership::kWorking).error().code, Errc::kNotFound);
}

TEST_F(PgLeases, NodeThatCouldNotRenewItselfRemovesNobodyYet) {
  const auto first = join(kOver);
  const auto second = join(kOver);
  EXPECT_EQ(owned(*first).count(), 128U);
  EXPECT_EQ(owned(*second).count(), 128U) << "as after a time without a server";
  EXPECT_EQ(owned(*first).count(), 128U);
}

TEST_F(PgLeases, EveryOwnerOfAPartitionHasAnEpochOfItsOwn) {
  const auto epochs = [&] {
    return client_.column("SELECT DISTINCT epoch FROM partition").front();
  };
  const auto first = join();
  EXPECT_TRUE(owned(*first).all());
  EXPECT_EQ(epochs(), "1");
  EXPECT_TRUE(owned(*first).all());
  EXPECT_EQ(epochs(), "1");
  first->leave();
  const auto second = join();
  EXPECT_TRUE(owned(*second).all());
  EXPECT_EQ(epochs(), "2");
}

TEST_F(PgLeases, LeaseThatEndedGoesOnWhenNobodyTookIt) {
  const auto first = join(kOver);
  EXPECT_TRUE(owned(*first).all());
  EXPECT_TRUE(append(*store_of(*first)));
}

TEST_F(PgLeases, LeaseGoesOnInANewSession) {
  const auto first = join();
  client_.end_other_sessions();
  EXPECT_TRUE(owned(*first).all());
}

TEST_F(PgLeases, TellsTheDatabasesTime) {
  const auto node = join();
  const auto before = std::stoll(client_.column(kNowMs).front());
  const Share share = must(node->renew(Membership::kWorking));
  EXPECT_GE(unix_ms(share.database_time), before);
  EXPECT_LE(unix_ms(share.database_time), std::stoll(client_.column(kNowMs).front()));
}

TEST_F(PgLeases, NodeThatAnotherHasRemovedWritesNothing) {
  const auto first = join(kOver);
  const auto store = store_of(*first);
  EXPECT_TRUE(append(*store));
  const auto second = join();
  EXPECT_TRUE(owned(*second).all());
  const Status late = append(*store);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kUnavailable);
  EXPECT_THAT(late.error().context, HasSubstr("another node has followed"));
  EXPECT_EQ(count_events(), "1");
  EXPECT_TRUE(append(*store_of(*second)));
}

TEST_F(PgLeases, TransactionThatIsOpenEndsBeforeAnotherNodeHasThePartitions) {
  const auto first = join(kOver);
  EXPECT_TRUE(owned(*first).all());
  const auto store = store_of(*first);
  must(store->begin());
  must(store->write_probe(kNow));
  const auto second = join();
  EXPECT_TRUE(owned(*second).none()) << "it is held";
  must(store->commit());
  EXPECT_TRUE(owned(*second).all());
}

TEST_F(PgLeases, NodesThatWorkAtOnceDrawDifferentIds) {
  const auto first = join();
  const auto second = join();
  const auto store = store_of(*first);
  const auto other = store_of(*second);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(append(*store));
    EXPECT_TRUE(append(*other));
  }
  EXPECT_EQ(client_.column("SELECT count(DISTINCT id) FROM event").front(), "6");
}

TEST_F(PgLeases, IdsOfTheNextNodeAreLargerThanAllBefore) {
  const auto first = join();
  EXPECT_TRUE(append(*store_of(*first)));
  first->leave();
  const auto second = join();
  EXPECT_TRUE(append(*store_of(*second)));
  const auto ids = client_.column("SELECT id FROM event ORDER BY id");
  ASSERT_EQ(ids.size(), 2U);
  EXPECT_NE(ids[0], ids[1]);
}

TEST_F(PgLeases, ThereIsRoomFor256Nodes) {
  ASSERT_EQ(
      client_.exec("INSERT INTO node (lease_until, slot) "
                   "SELECT now() + interval '1 hour', n FROM generate_series(0, 254) AS n"),
      ""
  );
  const auto last = join();
  const auto refused = PgLease::join(database_.url(), kLong);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kConflict);
  EXPECT_THAT(refused.error().context, HasSubstr("256 nodes"));
}

}  // namespace postrider::testing
