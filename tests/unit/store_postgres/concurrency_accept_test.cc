// Events that several nodes accept and remove at once.
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/store_postgres/two_nodes.h"

namespace postrider::testing {
namespace {

const IdempotencyRecord kRecord{.body_sha256 = std::string(32, 'h'), .answer = "the first"};

// Idempotency keys.

using PgConcurrentKeys = TwoNodes;

TEST_F(PgConcurrentKeys, SecondNodeGivesTheAnswerOfTheFirst) {
  must(one_->begin());
  ASSERT_EQ(must(one_->idempotency("t", "key")), std::nullopt);
  must(one_->put_idempotency("t", "key", kRecord, kNow));
  must(two_->begin());
  auto known = in_thread([&] { return must(two_->idempotency("t", "key")); });
  EXPECT_TRUE(waits(known));
  must(one_->commit());
  const auto record = known.get();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->answer, "the first");
  must(two_->commit());
}

TEST_F(PgConcurrentKeys, SecondNodeGoesOnWhenTheCommandOfTheFirstFails) {
  must(one_->begin());
  must(one_->savepoint());
  ASSERT_EQ(must(one_->idempotency("t", "key")), std::nullopt);
  must(one_->put_idempotency("t", "key", kRecord, kNow));
  must(two_->begin());
  auto known = in_thread([&] { return must(two_->idempotency("t", "key")); });
  EXPECT_TRUE(waits(known));
  one_->rollback_to_savepoint();
  EXPECT_EQ(known.get(), std::nullopt);
  must(two_->put_idempotency("t", "key", kRecord, kNow));
  must(one_->commit());
  must(two_->commit());
  EXPECT_EQ(count("idempotency"), "1");
}

TEST_F(PgConcurrentKeys, NobodyWaitsForOtherKeysOrTenants) {
  must(one_->begin());
  must(one_->idempotency("t", "key"));
  must(two_->begin());
  auto known = in_thread([&] {
    must(two_->idempotency("t", "other"));
    must(two_->idempotency("tk", "ey"));
    return must(two_->idempotency("u", "key"));
  });
  EXPECT_FALSE(waits(known));
  must(two_->commit());
  must(one_->commit());
}

// The outbox.

class PgConcurrentOutbox : public TwoNodes {
 protected:
  PgConcurrentOutbox() {
    EXPECT_EQ(client_.exec("INSERT INTO outbox (type, data) VALUES ('a', '{}')"), "");
    EXPECT_EQ(client_.exec("DELETE FROM event"), "");
  }
  /// Takes the rows up, as far as their removal.
  std::int64_t take_up(Store& store) {
    const auto rows = must(store.outbox(kRowsMax));
    EXPECT_EQ(rows.size(), 1U);
    append(store);
    return rows.front().id;
  }
};

TEST_F(PgConcurrentOutbox, RowThatTwoLeadersTakeUpBecomesOneEvent) {
  must(one_->begin());
  const std::int64_t row = take_up(*one_);
  must(one_->remove_outbox(row));
  must(two_->begin());
  must(two_->savepoint());
  EXPECT_EQ(take_up(*two_), row);
  auto removed = in_thread([&] { return two_->remove_outbox(row); });
  EXPECT_TRUE(waits(removed));
  must(one_->commit());
  const Status twice = removed.get();
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Errc::kBusy);
  two_->rollback_to_savepoint();
  must(two_->commit());
  EXPECT_EQ(count("event"), "1");
  EXPECT_EQ(count("outbox"), "0");
}

TEST_F(PgConcurrentOutbox, RowThatTwoLeadersRejectIsRejectedOnce) {
  must(one_->begin());
  const std::int64_t row = must(one_->outbox(kRowsMax)).front().id;
  must(one_->reject_outbox(row, "why", kNow));
  must(two_->begin());
  must(two_->savepoint());
  auto rejected = in_thread([&] { return two_->reject_outbox(row, "why", kNow); });
  EXPECT_TRUE(waits(rejected));
  must(one_->commit());
  const Status twice = rejected.get();
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Errc::kBusy);
  two_->rollback_to_savepoint();
  must(two_->commit());
  EXPECT_EQ(count("outbox_rejected"), "1");
}

TEST_F(PgConcurrentOutbox, SecondLeaderTakesUpWhatTheFirstGaveUp) {
  must(one_->begin());
  const std::int64_t row = take_up(*one_);
  must(one_->remove_outbox(row));
  must(two_->begin());
  EXPECT_EQ(take_up(*two_), row);
  auto removed = in_thread([&] { return two_->remove_outbox(row); });
  EXPECT_TRUE(waits(removed));
  one_->rollback();
  EXPECT_TRUE(removed.get());
  must(two_->commit());
  EXPECT_EQ(count("event"), "1");
}

// Retention and replays.

class PgConcurrentRetention : public TwoNodes {
 protected:
  PgConcurrentRetention() {
    EXPECT_EQ(client_.exec("DELETE FROM event"), "");
    old_ = append_committed();
    id_ = old_.deliveries.front().id;
    committed(*one_, [&] { return must(settle(*one_, {id_}, Dead{DeadReason::kRejected})); });
  }

  Result<RetentionResult> prune(Store& store) const { return store.prune(kNever, kNow, kRowsMax); }

  Appended old_;
  DeliveryId id_;
};

TEST_F(PgConcurrentRetention, LeavesAnEventWhoseDeliveryIsBeingReplayed) {
  const Appended other = append_committed();
  committed(*one_, [&] { return must(settle(*one_, {other.deliveries.front().id})); });
  must(two_->begin());
  replay(*two_, id_);
  must(one_->begin());
  auto pruned = in_thread([&] { return prune(*one_); });
  EXPECT_TRUE(waits(pruned));
  must(two_->commit());
  const auto first = pruned.get();
  ASSERT_TRUE(first) << first.error().context;
  must(one_->commit());
  EXPECT_EQ(stored(id_).state, DeliveryState::kPending);
  EXPECT_EQ(must(reader_->history(id_)).attempts.size(), 1U);
  committed(*one_, [&] { return must(prune(*one_)); });
  EXPECT_EQ(stored(id_).state, DeliveryState::kPending);
  EXPECT_EQ(must(reader_->event(old_.id)).id, old_.id);
  EXPECT_EQ(reader_->event(other.id).error().code, Errc::kNotFound);
}

TEST_F(PgConcurrentRetention, LeavesAnEventThatIsBeingReplayedForAFurtherEndpoint) {
  must(two_->begin());
  const Event event = must(two_->event(old_.id));
  ASSERT_EQ(must(two_->find_delivery(event.id, other_endpoint_)), std::nullopt);
  const DeliveryId added = must(two_->add_delivery(event, {other_endpoint_}, kNow)).id;
  must(two_->delivery(added));
  must(one_->begin());
  auto pruned = in_thread([&] { return prune(*one_); });
  EXPECT_TRUE(waits(pruned));
  must(two_->commit());
  ASSERT_TRUE(pruned.get());
  must(one_->commit());
  EXPECT_EQ(must(reader_->event(old_.id)).id, old_.id);
  EXPECT_EQ(stored(added).state, DeliveryState::kPending);
  EXPECT_EQ(stored(id_).state, DeliveryState::kDead);
}

TEST_F(PgConcurrentRetention, WhatItRemovesCannotBeReplayedAnyMore) {
  must(one_->begin());
  must(prune(*one_));
  must(two_->begin());
  auto delivery = in_thread([&] { return two_->delivery(id_); });
  EXPECT_TRUE(waits(delivery));
  must(one_->commit());
  EXPECT_EQ(delivery.get().error().code, Errc::kNotFound);
  must(two_->commit());
}

TEST_F(PgConcurrentRetention, EventThatItRemovesGetsNoFurtherDelivery) {
  must(one_->begin());
  must(prune(*one_));
  must(two_->begin());
  auto event = in_thread([&] { return two_->event(old_.id); });
  EXPECT_TRUE(waits(event));
  must(one_->commit());
  EXPECT_EQ(event.get().error().code, Errc::kNotFound);
  must(two_->commit());
}

TEST_F(PgConcurrentRetention, AnswerToWhatItRemovesLeavesNothing) {
  must(one_->begin());
  must(prune(*one_));
  must(two_->begin());
  auto settled = in_thread([&] { return settle(*two_, {id_}); });
  EXPECT_TRUE(waits(settled));
  must(one_->commit());
  const auto done = settled.get();
  ASSERT_TRUE(done) << done.error().context;
  EXPECT_FALSE(done->front().applied);
  EXPECT_EQ(done->front().number, 0);
  must(two_->commit());
  EXPECT_EQ(count("delivery"), "0");
  EXPECT_EQ(count("attempt"), "0");
}

TEST_F(PgConcurrentRetention, RemovesTheAttemptThatComesInBeforeIt) {
  must(two_->begin());
  must(settle(*two_, {id_}));
  must(one_->begin());
  auto pruned = in_thread([&] { return prune(*one_); });
  EXPECT_TRUE(waits(pruned));
  must(two_->commit());
  ASSERT_TRUE(pruned.get());
  must(one_->commit());
  EXPECT_EQ(count("delivery"), "0");
  EXPECT_EQ(count("attempt"), "0");
}

TEST_F(PgConcurrentRetention, NodesThatReplayAnEventForTheSameEndpointMakeOneDelivery) {
  must(one_->begin());
  const Event event = must(one_->event(old_.id));
  must(one_->find_delivery(event.id, other_endpoint_));
  const DeliveryId added = must(one_->add_delivery(event, {other_endpoint_}, kNow)).id;
  must(one_->delivery(added));
  must(two_->begin());
  auto found = in_thread([&] {
    must(two_->event(old_.id));
    return must(two_->find_delivery(old_.id, other_endpoint_));
  });
  EXPECT_TRUE(waits(found));
  must(one_->commit());
  const auto delivery = found.get();
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->id, added);
  must(two_->commit());
}

}  // namespace
}  // namespace postrider::testing
