#include "service/delivery_changes.h"

#include <gmock/gmock.h>

#include "service/emit.h"
#include "service/sweeps.h"

#include "tests/unit/service/store_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DeliveryChangesTest : public StoreFixture {
 protected:
  using Operation = Result<Delivery> (*)(WriteContext&, DeliveryId);

  DueDelivery emit_one(EndpointId endpoint, EventDraft draft = make_draft()) {
    EXPECT_TRUE(run<Appended>([&](WriteContext& context) {
      return emit_to(context, draft, {endpoint});
    }));
    return effects_.fresh.front();
  }
  DueDelivery dead_letter(EndpointId endpoint) {
    const auto due = emit_one(endpoint);
    settle(settlement_of(due, Verdict::kRetry, Dead{DeadReason::kAttemptsExhausted}));
    return due;
  }
  Result<Delivery> change(Operation operation, DeliveryId id) {
    return run<Delivery>([&](WriteContext& context) { return operation(context, id); });
  }
  Result<std::vector<Delivery>> replay(EventId event, std::optional<EndpointId> only = {}) {
    return run<std::vector<Delivery>>([&](WriteContext& context) {
      Filtering filtering;
      return replay_event(context, event, only, filtering);
    });
  }
  Task start(TaskKind kind) {
    Task task;
    task.kind = kind;
    task.filter.until = now_ + Millis{1};
    task.created_at = task.updated_at = now_;
    task.id =
        *run<TaskId>([&](WriteContext& context) { return context.store.add_task(task, now_); });
    return task;
  }
  Task step(TaskId id) {
    return *run<Task>([&](WriteContext& context) { return step_task(context, id); });
  }
  bool sweep(Millis hold_disabled) {
    bool more = false;
    run_group({[&](WriteContext& context) {
      return sweep_deliveries(context, hold_disabled, more);
    }});
    return more;
  }
};

TEST_F(DeliveryChangesTest, MakesARetryDueNowAndTellsItsLane) {
  const auto due = emit_one(add());
  settle(settlement_of(due, Verdict::kRetry, RetryAt{now_ + Millis{5000}}));
  const auto retried = change(&retry_delivery, due.delivery.id);
  EXPECT_EQ(retried->due_at, now_);
  EXPECT_EQ(stored(due.delivery.id).schedule_attempts_count, 1);
  EXPECT_EQ(stored(due.delivery.id).round, 1);
  EXPECT_THAT(effects_.deliveries_changed, ElementsAre(changed_delivery(due.delivery)));
}

TEST_F(DeliveryChangesTest, RecordsAnAnswerThatComesAfterACancelAndChangesNothing) {
  const auto due = emit_one(add());
  ASSERT_TRUE(change(&cancel_delivery, due.delivery.id));
  EXPECT_EQ(effects_.deliveries_cancelled, 1);
  settle(settlement_of(due, Verdict::kDelivered, Delivered{}));
  EXPECT_FALSE(effects_.attempts.front().settled.applied);
  EXPECT_EQ(stored(due.delivery.id).state, DeliveryState::kCancelled);
  EXPECT_EQ(stored(due.delivery.id).attempts_count, 1);
}

TEST_F(DeliveryChangesTest, ReplaysADeadLetterOnAFreshScheduleAndKeepsItsAttempts) {
  const auto due = dead_letter(add());
  ASSERT_TRUE(change(&replay_dead_letter, due.delivery.id));
  const auto now = stored(due.delivery.id);
  EXPECT_EQ(now.state, DeliveryState::kPending);
  EXPECT_EQ(now.schedule_attempts_count, 0);
  EXPECT_EQ(now.attempts_count, 1);
  EXPECT_FALSE(now.dead_reason);
}

TEST_F(DeliveryChangesTest, RefusesToReplayWhatIsPendingDeliveredOrDiscarded) {
  const auto id = add();
  const auto pending = emit_one(id);
  EXPECT_EQ(change(&replay_dead_letter, pending.delivery.id).error().code, Errc::kConflict);
  settle(settlement_of(pending, Verdict::kDelivered, Delivered{}));
  EXPECT_EQ(change(&replay_dead_letter, pending.delivery.id).error().code, Errc::kConflict);
  const auto dead = dead_letter(id);
  ASSERT_TRUE(change(&discard_dead_letter, dead.delivery.id));
  EXPECT_EQ(change(&replay_dead_letter, dead.delivery.id).error().code, Errc::kConflict);
  EXPECT_EQ(change(&discard_dead_letter, dead.delivery.id).error().code, Errc::kConflict);
}

TEST_F(DeliveryChangesTest, RefusesToReplayForADisabledOrDeletedEndpoint) {
  const auto id = add();
  const auto dead = dead_letter(id);
  set_state(id, EndpointState::kDisabled, DisabledReason::kOperator);
  EXPECT_EQ(change(&replay_dead_letter, dead.delivery.id).error().code, Errc::kConflict);
  run_group({[&](WriteContext& context) { return remove_endpoint(context, id); }});
  EXPECT_EQ(change(&replay_dead_letter, dead.delivery.id).error().code, Errc::kConflict);
}

TEST_F(DeliveryChangesTest, ReplaysAnEventForThoseThatWantItNow) {
  const auto first = add();
  const auto due = emit_one(first);
  settle(settlement_of(due, Verdict::kDelivered, Delivered{}));
  const auto second = add();
  const auto pending = replay(due.event->id);
  ASSERT_TRUE(pending);
  EXPECT_THAT(*pending, SizeIs(2));
  EXPECT_THAT(effects_.resync_endpoints, ElementsAre(second));
  EXPECT_EQ(stored(due.delivery.id).state, DeliveryState::kPending);
  EXPECT_THAT(*replay(due.event->id), IsEmpty());
  EXPECT_EQ(replay(due.event->id, first).error().code, Errc::kConflict);
}

TEST_F(DeliveryChangesTest, ReplaysAllDeadLettersOfATaskOnce) {
  const auto id = add();
  const auto first = dead_letter(id);
  const auto second = dead_letter(id);
  const Task task = start(TaskKind::kReplayDeadLetters);
  const Task done = step(task.id);
  EXPECT_EQ(done.state, TaskState::kDone);
  EXPECT_EQ(done.done, 2);
  EXPECT_EQ(stored(first.delivery.id).state, DeliveryState::kPending);
  EXPECT_EQ(stored(second.delivery.id).state, DeliveryState::kPending);
  EXPECT_EQ(step(task.id).done, 2);
}

TEST_F(DeliveryChangesTest, SkipsWhatATaskCannotReplay) {
  const auto id = add();
  dead_letter(id);
  set_state(id, EndpointState::kDisabled, DisabledReason::kOperator);
  const Task done = step(start(TaskKind::kReplayDeadLetters).id);
  EXPECT_EQ(done.done, 0);
  EXPECT_EQ(done.skipped, 1);
  EXPECT_EQ(done.state, TaskState::kDone);
}

TEST_F(DeliveryChangesTest, ReplaysNothingOfAnEventThatHasExpired) {
  const auto id = add();
  auto draft = make_draft();
  draft.expires_at = now_ + Millis{100};
  const auto expired = emit_one(id, draft);
  const auto other = dead_letter(id);
  now_ += Millis{100};
  sweep(Millis{1000});
  EXPECT_EQ(change(&replay_dead_letter, expired.delivery.id).error().code, Errc::kConflict);
  EXPECT_EQ(replay(expired.event->id).error().code, Errc::kConflict);
  EXPECT_EQ(replay(expired.event->id, id).error().code, Errc::kConflict);
  const Task done = step(start(TaskKind::kReplayDeadLetters).id);
  EXPECT_EQ(done.done, 1);
  EXPECT_EQ(done.skipped, 1);
  EXPECT_EQ(stored(expired.delivery.id).state, DeliveryState::kDead);
  EXPECT_EQ(stored(other.delivery.id).state, DeliveryState::kPending);
  EXPECT_TRUE(change(&discard_dead_letter, expired.delivery.id));
}

TEST_F(DeliveryChangesTest, DiscardsByATask) {
  const auto dead = dead_letter(add());
  EXPECT_EQ(step(start(TaskKind::kDiscardDeadLetters).id).done, 1);
  EXPECT_TRUE(stored(dead.delivery.id).discarded);
}

TEST_F(DeliveryChangesTest, SweepsWhatHasExpired) {
  auto draft = make_draft();
  draft.expires_at = now_ + Millis{100};
  const auto due = emit_one(add(), draft);
  now_ += Millis{99};
  sweep(Millis{1000});
  EXPECT_EQ(stored(due.delivery.id).state, DeliveryState::kPending);
  now_ += Millis{1};
  EXPECT_FALSE(sweep(Millis{1000}));
  EXPECT_EQ(stored(due.delivery.id).dead_reason, DeadReason::kExpired);
  EXPECT_EQ(effects_.deliveries_dead.at(static_cast<std::size_t>(DeadReason::kExpired)), 1);
  EXPECT_THAT(effects_.deliveries_changed, SizeIs(1));
}

TEST_F(DeliveryChangesTest, SweepsWhatHasWaitedTooLongForADisabledEndpoint) {
  const auto id = add();
  const auto due = emit_one(id);
  now_ += Millis{5000};
  set_state(id, EndpointState::kDisabled, DisabledReason::kOperator);
  now_ += Millis{1000};
  sweep(Millis{1000});
  EXPECT_EQ(stored(due.delivery.id).state, DeliveryState::kPending);
  now_ += Millis{1};
  sweep(Millis{1000});
  EXPECT_EQ(stored(due.delivery.id).dead_reason, DeadReason::kEndpointDisabled);
}

TEST_F(DeliveryChangesTest, SweepsWhatWaitsForADeletedEndpoint) {
  const auto id = add();
  const auto due = emit_one(id);
  run_group({[&](WriteContext& context) { return remove_endpoint(context, id); }});
  sweep(Millis{1000});
  EXPECT_EQ(stored(due.delivery.id).state, DeliveryState::kCancelled);
  EXPECT_EQ(effects_.deliveries_cancelled, 1);
}

}  // namespace
}  // namespace postrider::testing
