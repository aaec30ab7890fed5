// Circuits are stored, are reset, and release the deliveries that wait behind them.
#include <gmock/gmock.h>

#include "service/delivery_changes.h"
#include "service/emit.h"
#include "service/sweeps.h"

#include "tests/unit/service/store_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class CircuitsTest : public StoreFixture {
 protected:
  DueDelivery emit_one(EndpointId endpoint) {
    EXPECT_TRUE(run<Appended>([&](WriteContext& context) {
      return emit_to(context, make_draft(), {endpoint, Ordering::kNone});
    }));
    return effects_.fresh.front();
  }
  /// A failed attempt that leaves the circuit open.
  void fail_open(const DueDelivery& due, int health_round = 0) {
    auto settlement = settlement_of(due, Verdict::kRetry, RetryAt{now_});
    settlement.circuit = OpenCircuit{now_, now_ + Millis{5000}, Millis{5000}};
    settlement.health_round = health_round;
    settle(settlement);
  }
  Endpoint put(EndpointId id, const std::string& url) {
    return *run<Endpoint>([&](WriteContext& context) {
      Endpoint changed = *context.routing.find(id);
      changed.config.url = url;
      return put_endpoint(context, changed);
    });
  }
  bool sweep() {
    EndpointId after;
    bool more = false;
    RetryPolicy policy;
    policy.delays = {std::chrono::minutes{30}, std::chrono::minutes{90}};
    EXPECT_TRUE(run<bool>([&](WriteContext& context) -> Result<bool> {
      if (auto swept = sweep_circuits(context, policy, after, more); !swept)
        return tl::unexpected(swept.error());
      return true;
    }));
    return more;
  }
  [[nodiscard]] Endpoint endpoint(EndpointId id) { return *reader_->endpoint(id); }
};

TEST_F(CircuitsTest, AreStoredWithTheAttemptAndTold) {
  const auto id = add();
  const auto due = emit_one(id);
  fail_open(due);
  EXPECT_EQ(endpoint(id).circuit, (OpenCircuit{kStart, kStart + Millis{5000}, Millis{5000}}));
  EXPECT_THAT(effects_.circuits, ElementsAre(Pair(id, true)));
  now_ += Millis{7000};
  fail_open(due);
  EXPECT_THAT(effects_.circuits, IsEmpty());
  settle(settlement_of(due, Verdict::kDelivered, Delivered{}));
  EXPECT_FALSE(endpoint(id).circuit);
  EXPECT_THAT(effects_.circuits, ElementsAre(Pair(id, false)));
}

TEST_F(CircuitsTest, BeginAnewWithAnotherUrlAndIgnoreAnswersOfBefore) {
  const auto id = add();
  const auto due = emit_one(id);
  fail_open(due);
  const Endpoint changed = put(id, "https://other.example/");
  EXPECT_EQ(changed.health_round, 1);
  EXPECT_FALSE(changed.circuit);
  EXPECT_THAT(effects_.circuits, ElementsAre(Pair(id, false)));
  EXPECT_FALSE(endpoint(id).failing_since);
  fail_open(due, 0);
  EXPECT_FALSE(endpoint(id).circuit);
  EXPECT_EQ(endpoint(id).failed_attempts_count, 0);
  fail_open(due, 1);
  EXPECT_TRUE(endpoint(id).circuit);
}

TEST_F(CircuitsTest, StayOverChangesOfOtherMembersAndAPause) {
  const auto id = add();
  fail_open(emit_one(id));
  EXPECT_TRUE(put(id, make_endpoint().config.url).circuit);
  EXPECT_TRUE(set_state(id, EndpointState::kPaused).circuit);
  EXPECT_EQ(set_state(id, EndpointState::kActive).health_round, 0);
  set_state(id, EndpointState::kDisabled, DisabledReason::kOperator);
  EXPECT_FALSE(set_state(id, EndpointState::kActive).circuit);
  EXPECT_FALSE(endpoint(id).circuit);
}

TEST_F(CircuitsTest, LetGoOfWhatHasWaitedForAsLongAsItsScheduleIs) {
  const auto id = add();
  const auto first = emit_one(id);
  const auto second = emit_one(id);
  fail_open(first);
  now_ += std::chrono::minutes{119};
  const auto later = emit_one(id);
  sweep();
  EXPECT_EQ(stored(second.delivery.id).state, DeliveryState::kPending);
  now_ += std::chrono::minutes{1};
  EXPECT_FALSE(sweep());
  EXPECT_EQ(stored(second.delivery.id).dead_reason, DeadReason::kAttemptsExhausted);
  EXPECT_EQ(stored(second.delivery.id).attempts_count, 0);
  EXPECT_EQ(stored(later.delivery.id).state, DeliveryState::kPending);
  EXPECT_EQ(effects_.deliveries_changed.size(), 2U);
}

TEST_F(CircuitsTest, DoNotCountTheTimeOfAPause) {
  const auto id = add();
  const auto due = emit_one(id);
  fail_open(due);
  set_state(id, EndpointState::kPaused);
  now_ += std::chrono::hours{50};
  sweep();
  set_state(id, EndpointState::kActive);
  sweep();
  EXPECT_EQ(stored(due.delivery.id).state, DeliveryState::kPending);
  now_ += std::chrono::hours{2};
  sweep();
  EXPECT_EQ(stored(due.delivery.id).state, DeliveryState::kDead);
}

TEST_F(CircuitsTest, LetPeopleSendADeliveryFirst) {
  const auto id = add();
  const auto due = emit_one(id);
  EXPECT_TRUE(run<Delivery>([&](WriteContext& context) {
    return retry_delivery(context, due.delivery.id);
  }));
  EXPECT_THAT(effects_.probes, ElementsAre(Pair(due.delivery.id, id)));
}

}  // namespace
}  // namespace postrider::testing
