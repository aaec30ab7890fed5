// Sessions that end, servers that accept nothing, rows that another session locks.
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "store/postgres/pg_store.h"

#include "tests/support/must.h"
#include "tests/support/pg_database.h"
#include "tests/support/pg_proxy.h"

namespace postrider::testing {
namespace {

using postgres::PgReaders;
using postgres::PgStore;

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);

class PgFaults : public ::testing::Test {
 protected:
  PgFaults() {
    Endpoint endpoint;
    endpoint.config.url = "http://receiver.example/";
    must(store_->begin());
    endpoint_ = must(store_->add_endpoint(endpoint, kNow));
    must(store_->commit());
  }

  Result<std::vector<Appended>> append(Store& store) {
    EventDraft draft;
    draft.type = "a";
    draft.data = "{}";
    const std::vector<NewEvent> events{{.draft = draft, .targets = {{endpoint_}}}};
    return store.append(events, kNow);
  }

  DeliveryId append_committed(Store& store) {
    must(store.begin());
    const auto appended = must(append(store));
    must(store.commit());
    return appended.front().deliveries.front().id;
  }

  std::vector<Settlement> settlement_of(DeliveryId id) const {
    Settlement settlement;
    settlement.delivery = id;
    settlement.endpoint = endpoint_;
    settlement.attempt.status = 200;
    settlement.attempt.started_at = kNow;
    settlement.next = Delivered{};
    return {settlement};
  }

  std::string count_events() { return client_.column("SELECT count(*) FROM event").front(); }

  const PgDatabase database_;
  RawPg client_{database_.url()};
  std::unique_ptr<PgStore> store_ = must(PgStore::open(database_.url(), PgStore::kNoNode));
  EndpointId endpoint_;
};

}  // namespace

TEST_F(PgFaults, SessionThatEndsInATransactionLeavesNothingOfIt) {
  must(store_->begin());
  ASSERT_TRUE(append(*store_));
  client_.end_other_sessions();
  const auto failed = store_->delivery({1});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::kUnavailable);
  EXPECT_FALSE(store_->in_transaction());
  EXPECT_EQ(store_->delivery({1}).error().code, Errc::kUnavailable) << "not from a new session";
  EXPECT_EQ(append(*store_).error().code, Errc::kUnavailable) << "never outside of a transaction";
  EXPECT_EQ(store_->savepoint().error().code, Errc::kUnavailable);
  EXPECT_EQ(store_->commit().error().code, Errc::kUnavailable);
  store_->rollback();
  EXPECT_EQ(count_events(), "0");
  append_committed(*store_);
  EXPECT_EQ(count_events(), "1");
}

TEST_F(PgFaults, SessionThatEndsBeforeTheFirstStatementIsFoundOutThere) {
  must(store_->begin());
  client_.end_other_sessions();
  EXPECT_EQ(store_->delivery({1}).error().code, Errc::kUnavailable);
  EXPECT_FALSE(store_->in_transaction());
  store_->rollback();
  append_committed(*store_);
}

TEST_F(PgFaults, SessionThatEndsBetweenTransactionsIsNotNoticed) {
  const auto reader = must(PgReaders(database_.url()).open());
  const DeliveryId first = append_committed(*store_);
  EXPECT_TRUE(reader->delivery(first));
  for (int i = 0; i < 3; ++i) {
    client_.end_other_sessions();
    EXPECT_TRUE(reader->delivery(first));
    EXPECT_TRUE(store_->delivery(first));
    EXPECT_GT(append_committed(*store_), first);
  }
}

TEST_F(PgFaults, ReaderWhoseSessionEndsGoesOnWithAnother) {
  const auto reader = must(PgReaders(database_.url()).open());
  const DeliveryId id = append_committed(*store_);
  bool cut = false;
  const auto is_held = [&](DeliveryId) {
    if (!cut) client_.end_other_sessions();
    cut = true;
    return false;
  };
  const DueParams params{.endpoint = endpoint_, .now = kNow, .rows_max = 10, .is_held = is_held};
  const auto failed = reader->due(params);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::kUnavailable);
  const auto page = reader->due(params);
  ASSERT_TRUE(page) << page.error().context;
  EXPECT_EQ(page->rows.front().delivery.id, id);
}

TEST_F(PgFaults, RowThatSomebodyElseHoldsIsBusyForThatCommandAlone) {
  const DeliveryId held = append_committed(*store_);
  const DeliveryId other = append_committed(*store_);
  const auto lock = "BEGIN; SELECT id FROM delivery WHERE id = " + std::to_string(held.value);
  ASSERT_EQ(client_.exec(lock + " FOR UPDATE"), "");
  must(store_->begin());
  must(store_->savepoint());
  ASSERT_TRUE(store_->settle(settlement_of(other), kNow));
  must(store_->release_savepoint());
  must(store_->savepoint());
  const auto busy = store_->settle(settlement_of(held), kNow);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, Errc::kBusy);
  store_->rollback_to_savepoint();
  ASSERT_TRUE(store_->in_transaction());
  must(store_->commit());
  ASSERT_EQ(client_.exec("COMMIT"), "");
  EXPECT_EQ(store_->delivery(other)->state, DeliveryState::kDelivered);
  EXPECT_EQ(store_->delivery(held)->state, DeliveryState::kPending);
  EXPECT_EQ(store_->delivery(held)->attempts_count, 0);
}

TEST_F(PgFaults, DeadlockUndoesOneCommandAndTheNextTryGoesThrough) {
  const std::string impatient = database_.url() + "&options=-cdeadlock_timeout%3D50ms";
  const auto store = must(PgStore::open(impatient, PgStore::kNoNode));
  const DeliveryId first = append_committed(*store);
  const DeliveryId second = append_committed(*store);
  const auto lock = [](DeliveryId id) {
    return "SELECT id FROM delivery WHERE id = " + std::to_string(id.value) + " FOR UPDATE";
  };
  // The other session lets the store find out.
  ASSERT_EQ(client_.exec("SET deadlock_timeout = '60s'; BEGIN; " + lock(second)), "");
  must(store->begin());
  must(store->savepoint());
  ASSERT_TRUE(store->settle(settlement_of(first), kNow));
  must(store->release_savepoint());
  auto other = std::async(std::launch::async, [&] {
    const std::string locked = client_.exec(lock(first));
    return locked + client_.exec("COMMIT");
  });
  RawPg observer{database_.url()};
  const std::string waiting =
      "SELECT 1 FROM pg_stat_activity "
      "WHERE datname = current_database() AND wait_event_type = 'Lock'";
  while (observer.column(waiting).empty()) std::this_thread::yield();
  must(store->savepoint());
  const auto victim = store->settle(settlement_of(second), kNow);
  ASSERT_FALSE(victim);
  EXPECT_EQ(victim.error().code, Errc::kBusy);
  EXPECT_EQ(victim.error().context, "postgresql: deadlock detected (40P01); nothing was changed");
  store->rollback_to_savepoint();
  must(store->commit());
  EXPECT_EQ(other.get(), "") << "the other session goes on";
  EXPECT_EQ(store->delivery(first)->state, DeliveryState::kDelivered);
  EXPECT_EQ(store->delivery(second)->attempts_count, 0);
  must(store->begin());
  ASSERT_TRUE(store->settle(settlement_of(second), kNow));
  must(store->commit());
  EXPECT_EQ(store->delivery(second)->state, DeliveryState::kDelivered);
}

TEST_F(PgFaults, WhatOthersCommitIsSeenWhateverIsolationTheDatabaseHasAsItsDefault) {
  const DeliveryId other = append_committed(*store_);
  const DeliveryId id = append_committed(*store_);
  const std::string name = client_.column("SELECT current_database()").front();
  const auto set = "ALTER DATABASE " + name + " SET default_transaction_isolation = serializable";
  ASSERT_EQ(client_.exec(set), "");
  client_.end_other_sessions();
  must(store_->begin());
  ASSERT_TRUE(store_->delivery(other));
  const auto change = "UPDATE delivery SET round = 7 WHERE id = " + std::to_string(id.value);
  ASSERT_EQ(client_.exec(change), "");
  EXPECT_EQ(store_->delivery(id)->round, 7);
  EXPECT_TRUE(store_->settle(settlement_of(id), kNow));
  must(store_->commit());
}

TEST_F(PgFaults, DeliveryThatTheDatabaseDoesNotLetChangeIsBusy) {
  const DeliveryId id = append_committed(*store_);
  ASSERT_EQ(
      client_.exec(
          "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
          "CREATE TRIGGER keep BEFORE UPDATE ON delivery FOR EACH ROW EXECUTE FUNCTION keep()"
      ),
      ""
  );
  must(store_->begin());
  must(store_->savepoint());
  const auto busy = store_->settle(settlement_of(id), kNow);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, Errc::kBusy);
  store_->rollback_to_savepoint();
  must(store_->commit());
  EXPECT_EQ(store_->delivery(id)->attempts_count, 0);
}

TEST_F(PgFaults, AttemptThatTheDatabaseRefusesFailsItsSettlementAlone) {
  const DeliveryId id = append_committed(*store_);
  ASSERT_EQ(
      client_.exec(
          "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
          "RAISE 'chosen as the victim' USING ERRCODE = '40P01'; END $$;"
          "CREATE TRIGGER refuse BEFORE INSERT ON attempt FOR EACH ROW EXECUTE FUNCTION refuse()"
      ),
      ""
  );
  must(store_->begin());
  must(store_->savepoint());
  const auto refused = store_->settle(settlement_of(id), kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kBusy);
  store_->rollback_to_savepoint();
  ASSERT_TRUE(store_->in_transaction());
  ASSERT_TRUE(append(*store_));
  must(store_->commit());
  EXPECT_EQ(count_events(), "2");
  EXPECT_EQ(store_->delivery(id)->state, DeliveryState::kPending);
}

TEST_F(PgFaults, FailedStatementKeepsATransactionFromBeingCommitted) {
  must(store_->begin());
  ASSERT_TRUE(append(*store_));
  Endpoint nameless;
  nameless.tenant = std::string(1, '\0');
  EXPECT_EQ(store_->add_endpoint(nameless, kNow).error().code, Errc::kInvalidArgument);
  EXPECT_FALSE(store_->commit());
  EXPECT_EQ(count_events(), "0");
  append_committed(*store_);
}

TEST_F(PgFaults, ServerThatBecomesReadOnlyIsUnavailableUntilItIsNotAnyMore) {
  const std::string name = client_.column("SELECT current_database()").front();
  ASSERT_EQ(client_.exec("ALTER DATABASE " + name + " SET default_transaction_read_only = on"), "");
  client_.end_other_sessions();
  const auto refused = store_->begin();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kUnavailable);
  EXPECT_FALSE(store_->in_transaction());
  EXPECT_TRUE(PgReaders(database_.url()).open());
  ASSERT_EQ(client_.exec("ALTER DATABASE " + name + " RESET default_transaction_read_only"), "");
  append_committed(*store_);
}

TEST_F(PgFaults, CommitWhoseAnswerIsLostIsFoundOutToBeDone) {
  store_.reset();  // which has the lock
  PgProxy proxy(pg_server_directory());
  const auto store = must(PgStore::open(proxy.url(database_.url()), PgStore::kNoNode));
  must(store->begin());
  ASSERT_TRUE(append(*store));
  proxy.cut(PgProxy::Cut::kAfterCommit);
  const auto committed = store->commit();
  EXPECT_TRUE(committed) << committed.error().context;
  EXPECT_EQ(count_events(), "1");
  append_committed(*store);
  EXPECT_EQ(count_events(), "2");
}

TEST_F(PgFaults, CommitThatDoesNotArriveIsNotDone) {
  store_.reset();  // which has the lock
  PgProxy proxy(pg_server_directory());
  const auto store = must(PgStore::open(proxy.url(database_.url()), PgStore::kNoNode));
  must(store->begin());
  ASSERT_TRUE(append(*store));
  proxy.cut(PgProxy::Cut::kBeforeCommit);
  const auto lost = store->commit();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Errc::kUnavailable);
  EXPECT_EQ(count_events(), "0");
  append_committed(*store);
  EXPECT_EQ(count_events(), "1");
}

}  // namespace postrider::testing
