// What several nodes change at once: the second transaction sees what the first one committed.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/store_postgres/two_nodes.h"

namespace postrider::testing {
namespace {

// People's changes and settlements.

using PgConcurrentChanges = TwoNodes;

TEST_F(PgConcurrentChanges, PersonSeesWhatTheOwnerIsAboutToCommit) {
  const Appended event = append_committed();
  const DeliveryId id = event.deliveries.front().id;
  const std::vector<std::function<Delivery()>> reads{
      [&] { return must(two_->delivery(id)); },
      [&] { return must(two_->find_delivery(event.id, endpoint_)).value(); }};
  for (const auto& read : reads) {
    must(one_->begin());
    must(settle(*one_, {id}, RetryAt{kLater}));
    must(two_->begin());
    auto seen = in_thread(read);
    EXPECT_TRUE(waits(seen));
    must(one_->commit());
    EXPECT_EQ(seen.get().attempts_count, stored(id).attempts_count);
    must(two_->commit());
  }
}

TEST_F(PgConcurrentChanges, AnswerToADeliveryThatIsBeingCancelledIsRecordedAndChangesNothing) {
  const DeliveryId id = delivery_committed();
  must(two_->begin());
  cancel(*two_, id);
  must(one_->begin());
  auto settled = in_thread([&] { return settle(*one_, {id}); });
  EXPECT_TRUE(waits(settled));
  must(two_->commit());
  const auto done = settled.get();
  ASSERT_TRUE(done) << done.error().context;
  EXPECT_FALSE(done->front().applied);
  EXPECT_EQ(done->front().number, 1);
  must(one_->commit());
  EXPECT_EQ(stored(id).state, DeliveryState::kCancelled);
  EXPECT_EQ(stored(id).attempts_count, 1);
  EXPECT_EQ(must(reader_->history(id)).attempts.size(), 1U);
}

TEST_F(PgConcurrentChanges, SuccessOfARequestAppliesInTheRoundThatAPersonBegins) {
  const DeliveryId id = delivery_committed();
  must(two_->begin());
  retry(*two_, id);
  must(one_->begin());
  auto settled = in_thread([&] { return settle(*one_, {id}); });
  EXPECT_TRUE(waits(settled));
  must(two_->commit());
  const auto done = settled.get();
  ASSERT_TRUE(done) << done.error().context;
  EXPECT_TRUE(done->front().applied);
  must(one_->commit());
  EXPECT_EQ(stored(id).state, DeliveryState::kDelivered);
  EXPECT_EQ(stored(id).round, 1);
}

TEST_F(PgConcurrentChanges, OneDeliveryThatAPersonChangesHoldsNoOthersUp) {
  std::vector<DeliveryId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(delivery_committed());
  must(two_->begin());
  cancel(*two_, ids[1]);
  must(one_->begin());
  must(one_->savepoint());
  auto settled = in_thread([&] {
    return settle(*one_, {ids[1], ids[2], ids[0], ids[1]}, RetryAt{kLater});
  });
  EXPECT_TRUE(waits(settled));
  must(two_->commit());
  const auto done = settled.get();
  ASSERT_TRUE(done) << done.error().context;
  must(one_->release_savepoint());
  must(one_->commit());
  std::vector<std::pair<bool, int>> applied;
  for (const Settled& one : *done) applied.emplace_back(one.applied, one.number);
  using Applied = std::vector<std::pair<bool, int>>;
  EXPECT_EQ(applied, (Applied{{false, 1}, {true, 1}, {true, 1}, {false, 2}}));
  EXPECT_EQ(stored(ids[0]).due_at, kLater);
  EXPECT_EQ(stored(ids[1]).state, DeliveryState::kCancelled);
  EXPECT_EQ(stored(ids[1]).attempts_count, 2);
  EXPECT_EQ(stored(ids[2]).schedule_attempts_count, 1);
  EXPECT_EQ(count("attempt"), "4");
}

TEST_F(PgConcurrentChanges, OwnersOfTheSameEndpointNumberTheirAttemptsOneAfterTheOther) {
  const DeliveryId id = delivery_committed();
  must(one_->begin());
  must(settle(*one_, {id}, RetryAt{kLater}));
  must(two_->begin());
  auto settled = in_thread([&] { return settle(*two_, {id}, RetryAt{kLater}); });
  EXPECT_TRUE(waits(settled));
  must(one_->commit());
  const auto done = settled.get();
  ASSERT_TRUE(done) << done.error().context;
  EXPECT_EQ(done->front().number, 2);
  must(two_->commit());
  EXPECT_EQ(stored(id).attempts_count, 2);
}

TEST_F(PgConcurrentChanges, PersonsReplayAndATaskThatReplaysTheSameDeadLetterAreOneReplay) {
  const DeliveryId replayed = settled_committed(Dead{DeadReason::kRejected});
  const DeliveryId answered = settled_committed(Dead{DeadReason::kRejected});
  const DeliveryId left = settled_committed(Dead{DeadReason::kRejected});
  must(two_->begin());
  replay(*two_, replayed);
  must(settle(*two_, {answered}, RetryAt{kLater}));
  must(one_->begin());
  auto scanned = in_thread([&] {
    std::string cursor;
    return must(one_->dead_letters_from({}, kRowsMax, cursor));
  });
  EXPECT_TRUE(waits(scanned));
  must(two_->commit());
  const DeliveryChunk chunk = scanned.get();
  must(one_->commit());
  ASSERT_EQ(chunk.rows.size(), 2U);
  EXPECT_EQ(chunk.rows[0].id, answered);
  EXPECT_EQ(chunk.rows[0].attempts_count, 2);
  EXPECT_EQ(chunk.rows[1].id, left);
  EXPECT_TRUE(chunk.done);
}

// Sweeps.

using PgConcurrentSweeps = TwoNodes;

TEST_F(PgConcurrentSweeps, LeaveToTheOwnerWhatItIsSettling) {
  expires_at_ = kLater;
  const auto sweeps = [&]() -> std::vector<std::function<Result<std::vector<Delivery>>()>> {
    return {
        [&] { return two_->expire(kLater, kRowsMax); },
        [&] { return two_->expire_waiting(endpoint_, kNow, kLater, kRowsMax); },
        [&] { return two_->expire_disabled(kNever, kLater, kRowsMax); },
        [&] { return two_->cancel_deleted(kLater, kRowsMax); }};
  }();
  ASSERT_EQ(client_.exec("UPDATE endpoint SET state = 'disabled', state_reason = 'operator'"), "");
  for (std::size_t i = 0; i < sweeps.size(); ++i) {
    if (i == 3) {
      ASSERT_EQ(client_.exec("UPDATE endpoint SET deleted_at_ms = 1"), "");
    }
    const DeliveryId held = delivery_committed();
    const DeliveryId free = delivery_committed();
    must(one_->begin());
    must(settle(*one_, {held}));
    must(two_->begin());
    auto swept = in_thread(sweeps[i]);
    EXPECT_FALSE(waits(swept)) << i;
    must(one_->commit());
    const auto found = swept.get();
    ASSERT_TRUE(found) << i << ": " << found.error().context;
    must(two_->commit());
    ASSERT_EQ(found->size(), 1U) << i;
    EXPECT_EQ(found->front().id, free) << i;
    EXPECT_EQ(stored(held).state, DeliveryState::kDelivered) << i;
    EXPECT_NE(stored(free).state, DeliveryState::kPending) << i;
  }
}

TEST_F(PgConcurrentSweeps, LeaveWhatAPersonHasJustMadeDueAgain) {
  const DeliveryId id = delivery_committed();
  must(one_->begin());
  retry(*one_, id, kNever);
  must(two_->begin());
  auto swept = in_thread([&] { return two_->expire_waiting(endpoint_, kNow, kLater, kRowsMax); });
  EXPECT_FALSE(waits(swept));
  must(one_->commit());
  const auto found = swept.get();
  ASSERT_TRUE(found) << found.error().context;
  EXPECT_TRUE(found->empty());
  must(two_->commit());
  EXPECT_EQ(stored(id).due_at, kNever);
}

TEST_F(PgConcurrentSweeps, AnswerToWhatHasJustExpiredIsRecordedAndChangesNothing) {
  expires_at_ = kLater;
  const DeliveryId id = delivery_committed();
  must(two_->begin());
  EXPECT_EQ(must(two_->expire(kLater, kRowsMax)).size(), 1U);
  must(one_->begin());
  auto settled = in_thread([&] { return settle(*one_, {id}); });
  EXPECT_TRUE(waits(settled));
  must(two_->commit());
  const auto done = settled.get();
  ASSERT_TRUE(done) << done.error().context;
  EXPECT_FALSE(done->front().applied);
  must(one_->commit());
  EXPECT_EQ(stored(id).dead_reason, DeadReason::kExpired);
  EXPECT_EQ(stored(id).attempts_count, 1);
}

TEST_F(PgConcurrentSweeps, EndWhatWasAppendedWhileItsEndpointWasBeingDeleted) {
  must(two_->begin());
  must(two_->delete_endpoint(endpoint_, kNow));
  const DeliveryId before = delivery_committed();
  must(one_->begin());
  const DeliveryId after = append(*one_).deliveries.front().id;
  must(two_->commit());
  must(one_->commit());
  const auto swept = committed(*two_, [&] { return must(two_->cancel_deleted(kLater, kRowsMax)); });
  EXPECT_EQ(swept.size(), 2U);
  for (const DeliveryId id : {before, after})
    EXPECT_EQ(stored(id).state, DeliveryState::kCancelled);
}

// Tasks, event types, statistics, secrets.

using PgConcurrentSettings = TwoNodes;

TEST_F(PgConcurrentSettings, TaskThatAPersonCancelsStaysSo) {
  const TaskId id = committed(*one_, [&] { return must(one_->add_task({}, kNow)); });
  must(two_->begin());
  Task cancelled = must(two_->task(id));
  cancelled.state = TaskState::kCancelled;
  must(two_->put_task(cancelled));
  must(one_->begin());
  auto seen = in_thread([&] { return must(one_->task(id)).state; });
  EXPECT_TRUE(waits(seen));
  must(two_->commit());
  EXPECT_EQ(seen.get(), TaskState::kCancelled);
}

TEST_F(PgConcurrentSettings, ChangesOfAnEventTypeFollowEachOther) {
  EventType type;
  type.name = "a";
  committed(*one_, [&] { return one_->add_event_type(type).has_value(); });
  must(two_->begin());
  type = must(two_->event_type("a"));
  type.archived = true;
  must(two_->put_event_type(type));
  must(one_->begin());
  auto seen = in_thread([&] { return must(one_->event_type("a")).archived; });
  EXPECT_TRUE(waits(seen));
  must(two_->commit());
  EXPECT_TRUE(seen.get());
}

TEST_F(PgConcurrentSettings, StatisticsAreWrittenInOneOrderByAll) {
  std::vector<StatRow> rows;
  for (char tenant = 't'; tenant >= 'a'; --tenant) {
    StatRow row;
    row.minute = kNow;
    row.tenant = tenant;
    rows.push_back(row);
  }
  committed(*one_, [&] { return one_->add_stats(rows).has_value(); });
  ASSERT_EQ(client_.exec("BEGIN; SELECT FROM stat WHERE tenant = 't' FOR UPDATE"), "");
  must(one_->begin());
  auto added = in_thread([&] { return one_->add_stats(rows); });
  EXPECT_TRUE(waits(added));
  // All but the last are held.
  RawPg other(database_.url());
  EXPECT_TRUE(other.column("SELECT tenant FROM stat FOR UPDATE SKIP LOCKED").empty());
  ASSERT_EQ(client_.exec("COMMIT"), "");
  EXPECT_TRUE(added.get());
  must(one_->commit());
}

TEST_F(PgConcurrentSettings, SecretsThatAreReplacedWhileExpiredOnesAreRemovedStayAsWritten) {
  Endpoint endpoint;
  endpoint.config.url = "http://receiver.example/";
  endpoint.secrets = {
      {.value = "new", .created_at = kNow, .expires_at = {}},
      {.value = "old", .created_at = kNow, .expires_at = kLater}};
  endpoint.id = committed(*one_, [&] { return must(one_->add_endpoint(endpoint, kNow)); });
  must(one_->begin());
  must(one_->pull_remote_changes());
  endpoint.secrets.insert(
      endpoint.secrets.begin(), {.value = "newest", .created_at = kNow, .expires_at = {}}
  );
  endpoint.secrets.pop_back();
  must(one_->put_endpoint(endpoint));
  must(two_->begin());
  auto pruned = in_thread([&] { return two_->prune_secrets(kNever); });
  EXPECT_TRUE(waits(pruned));
  must(one_->commit());
  ASSERT_TRUE(pruned.get());
  must(two_->commit());
  EXPECT_EQ(must(reader_->endpoint(endpoint.id)).secrets, endpoint.secrets);
}

}  // namespace
}  // namespace postrider::testing
