#include "service/group_commit.h"

#include <gmock/gmock.h>

#include "service/emit.h"

#include "tests/sim/faulty_store.h"
#include "tests/unit/service/store_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class GroupCommitTest : public StoreFixture {
 protected:
  DueDelivery emit_one(EndpointId endpoint) {
    const auto appended = run<Appended>([&](WriteContext& context) {
      return emit_to(context, make_draft(), {endpoint});
    });
    EXPECT_TRUE(appended);
    return effects_.fresh.front();
  }
  void fail_once(EndpointId endpoint, Verdict verdict = Verdict::kRetry) {
    const NextState next = verdict == Verdict::kEndpointGone ? NextState{Dead{DeadReason::kGone}}
                                                             : NextState{RetryAt{now_}};
    settle(settlement_of(emit_one(endpoint), verdict, next));
  }
  [[nodiscard]] Endpoint endpoint(EndpointId id) { return *reader_->endpoint(id); }
};

TEST_F(GroupCommitTest, LetsOneBadChangeFailAlone) {
  const auto id = add();
  const auto statuses = run_group(
      {[&](WriteContext& context) -> Status {
         EXPECT_TRUE(emit_to(context, make_draft(), {id}));
         return fail(Errc::kConflict, "after it wrote");
       },
       [&](WriteContext& context) -> Status {
         return emit_to(context, make_draft("ping"), {id}).map([](const Appended&) {});
       }}
  );
  EXPECT_EQ(statuses[0].error().code, Errc::kConflict);
  EXPECT_TRUE(statuses[1]);
  EXPECT_THAT(effects_.fresh, SizeIs(1));
  EXPECT_THAT(reader_->events({}, {})->rows, SizeIs(1));
}

TEST_F(GroupCommitTest, SettlesAndTellsWhatWasRecorded) {
  const auto due = emit_one(add());
  settle(settlement_of(due, Verdict::kDelivered, Delivered{}));
  EXPECT_THAT(settlements_, IsEmpty());
  ASSERT_THAT(effects_.attempts, SizeIs(1));
  EXPECT_TRUE(effects_.attempts[0].settled.applied);
  EXPECT_EQ(stored(due.delivery.id).state, DeliveryState::kDelivered);
}

TEST_F(GroupCommitTest, PassesOnWhatWasSettledWithoutCopyingIt) {
  auto settlement = settlement_of(emit_one(add()), Verdict::kDelivered, Delivered{});
  settlement.attempt.response_excerpt = std::string(1000, 'x');
  settlements_.push_back(std::move(settlement));
  const char* const bytes = settlements_.front().attempt.response_excerpt.data();
  run_group({});
  ASSERT_THAT(effects_.attempts, SizeIs(1));
  EXPECT_EQ(effects_.attempts.front().settlement.attempt.response_excerpt.data(), bytes);
}

TEST_F(GroupCommitTest, DisablesAnEndpointThatIsGone) {
  const auto id = add();
  fail_once(id, Verdict::kEndpointGone);
  EXPECT_EQ(endpoint(id).state, EndpointState::kDisabled);
  EXPECT_EQ(endpoint(id).state_reason, DisabledReason::kGone);
  ASSERT_THAT(effects_.endpoints, SizeIs(1));
  EXPECT_EQ(effects_.endpoints[0]->state, EndpointState::kDisabled);
}

TEST_F(GroupCommitTest, DisablesAfterFiveDaysAndTwentyAttemptsOfFailure) {
  const auto id = add();
  for (int i = 0; i < 19; ++i) fail_once(id);
  now_ += kFailingDisablesAfter - Millis{1};
  fail_once(id);
  EXPECT_EQ(endpoint(id).state, EndpointState::kActive);
  now_ += Millis{1};
  fail_once(id);
  EXPECT_EQ(endpoint(id).state, EndpointState::kDisabled);
  EXPECT_EQ(endpoint(id).state_reason, DisabledReason::kFailing);
}

TEST_F(GroupCommitTest, NeedsTwentyAttemptsToDisableHoweverLongItFails) {
  const auto id = add();
  fail_once(id);
  now_ += 3 * kFailingDisablesAfter;
  for (int i = 0; i < 18; ++i) fail_once(id);
  EXPECT_EQ(endpoint(id).state, EndpointState::kActive);
  fail_once(id);
  EXPECT_EQ(endpoint(id).state, EndpointState::kDisabled);
}

TEST_F(GroupCommitTest, ForgetsFailuresAtTheFirstSuccess) {
  const auto id = add();
  fail_once(id);
  EXPECT_EQ(endpoint(id).failed_attempts_count, 1);
  settle(settlement_of(emit_one(id), Verdict::kDelivered, Delivered{}));
  EXPECT_EQ(endpoint(id).failed_attempts_count, 0);
  EXPECT_FALSE(endpoint(id).failing_since);
}

TEST_F(GroupCommitTest, CountsFailuresOnAfterARestart) {
  const auto id = add();
  fail_once(id);
  open(*store_);
  fail_once(id);
  EXPECT_EQ(endpoint(id).failed_attempts_count, 2);
  EXPECT_EQ(endpoint(id).failing_since, kStart);
}

TEST_F(GroupCommitTest, SettlesForAnEndpointThatWasDeletedMeanwhile) {
  const auto id = add();
  const auto due = emit_one(id);
  run_group({[&](WriteContext& context) { return remove_endpoint(context, id); }});
  settle(settlement_of(due, Verdict::kEndpointGone, Dead{DeadReason::kGone}));
  EXPECT_TRUE(status_);
  EXPECT_THAT(settlements_, IsEmpty());
}

/// A store of which one call fails.
class FailingStoreTest : public GroupCommitTest {
 protected:
  void SetUp() override {
    GroupCommitTest::SetUp();
    control_.plan = &plan_;
    faulty_ = std::make_unique<sim::FaultyStore>(std::move(store_), control_);
    open(*faulty_);
  }

  sim::Plan plan_;
  sim::StoreControl control_;
  std::unique_ptr<sim::FaultyStore> faulty_;
};

TEST_F(FailingStoreTest, KeepsSettlementsWhenTheCommitFails) {
  const auto due = emit_one(add());
  plan_.commit_fails = 1;
  settle(settlement_of(due, Verdict::kDelivered, Delivered{}));
  EXPECT_EQ(status_.error().code, Errc::kUnavailable);
  EXPECT_THAT(settlements_, SizeIs(1));
  EXPECT_THAT(effects_.attempts, IsEmpty());
  EXPECT_EQ(stored(due.delivery.id).state, DeliveryState::kPending);
  plan_.commit_fails = 0;
  static_cast<void>(run_group({}));  // the outcome is in status_
  EXPECT_TRUE(status_);
  EXPECT_EQ(stored(due.delivery.id).state, DeliveryState::kDelivered);
}

TEST_F(FailingStoreTest, TellsOfWhatACommitDidThatSeemedToFail) {
  const auto kept = add();
  const auto removed = add();
  plan_.answer_lost = 1;
  const auto statuses = run_group(
      {[&](WriteContext& context) -> Status {
         return emit_to(context, make_draft(), {kept}).map([](const Appended&) {});
       },
       [&](WriteContext& context) { return remove_endpoint(context, removed); }}
  );
  for (const auto& status : statuses) EXPECT_EQ(status.error().code, Errc::kUnavailable);
  EXPECT_THAT(effects_.fresh, IsEmpty());
  plan_.answer_lost = 0;
  run_group({});
  EXPECT_THAT(effects_.resync_endpoints, ElementsAre(kept));
  ASSERT_THAT(effects_.endpoints, SizeIs(1));
  EXPECT_EQ(effects_.endpoints.front()->id, kept);
  EXPECT_THAT(effects_.endpoints_removed, ElementsAre(removed));
  EXPECT_TRUE(effects_.keys_changed && effects_.event_types_changed && effects_.tasks_changed);
  run_group({});
  EXPECT_THAT(effects_.resync_endpoints, IsEmpty()) << "once is enough";
}

TEST_F(FailingStoreTest, AnswersEveryChangeWithTheErrorOfTheCommit) {
  plan_.commit_fails = 1;
  const auto added =
      run<Endpoint>([](WriteContext& context) { return add_endpoint(context, make_endpoint()); });
  EXPECT_EQ(added.error().code, Errc::kUnavailable);
  EXPECT_THAT(effects_.endpoints, IsEmpty());
  plan_.commit_fails = 0;
  const auto routed = run<std::size_t>([](WriteContext& context) -> Result<std::size_t> {
    return context.routing.all().size();
  });
  EXPECT_EQ(*routed, 0U);
}

TEST_F(FailingStoreTest, SaysBusyWhenTheDatabaseIsLocked) {
  plan_.begin_fails = 1;
  EXPECT_EQ(run_group({[](WriteContext&) { return Status{}; }}).front().error().code, Errc::kBusy);
}

// Simulator, seeds 2 and 6: the change was committed, but its caller received an error.
TEST_F(FailingStoreTest, CommitsNothingOfAChangeWhoseSavepointCannotBeReleased) {
  const auto id = add();
  // add_delivery does not fail here; releasing its savepoint does.
  const auto event = emit_one(id).event;
  const auto other = add();
  plan_.call_fails = 1;
  const auto added = run<AppendedDelivery>([&](WriteContext& context) {
    return context.store.add_delivery(*event, {other}, now_);
  });
  EXPECT_FALSE(added);
  EXPECT_THAT(reader_->deliveries({}, {})->rows, SizeIs(1));
}

// Simulator, seed 771.
TEST_F(FailingStoreTest, KeepsAnEndpointsHealthWhenItCannotBeEnabled) {
  const auto id = add();
  fail_once(id);
  set_state(id, EndpointState::kDisabled, DisabledReason::kOperator);
  run_group({[&](WriteContext& context) -> Status {
    plan_.call_fails = 1;
    const auto endpoint = context.routing.find(id);
    auto enabled = set_endpoint_state(context, *endpoint, EndpointState::kActive, std::nullopt);
    plan_.call_fails = 0;
    EXPECT_FALSE(enabled);
    EXPECT_EQ(context.health[id.value].failed_attempts_count, 1);
    return tl::unexpected(enabled.error());
  }});
}

}  // namespace
}  // namespace postrider::testing
