// Endpoints that another process gets: their engine finishes what it has begun, and nothing else.
#include <gmock/gmock.h>

#include "tests/unit/engine/engine_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

Partitions partition_with(std::int64_t endpoint) {
  return Partitions{}.set(partition_of(EndpointId{endpoint}));
}

class AbandonTest : public EngineTest {
 protected:
  explicit AbandonTest(std::size_t in_flight_max = 4) : EngineTest(in_flight_max) {}

  void abandon(std::int64_t endpoint = 1) { engine_.abandon(partition_with(endpoint)); }
  [[nodiscard]] bool is_leaving(std::int64_t endpoint = 1) const {
    return engine_.leaving() == partition_with(endpoint);
  }
  /// Nothing of any endpoint is left to do, and no memory of it.
  void expect_forgotten() {
    EXPECT_TRUE(engine_.leaving().none());
    EXPECT_EQ(engine_.lanes_count(), 0U);
    EXPECT_EQ(engine_.ready_bytes(), 0U);
    EXPECT_EQ(engine_.ordering_bytes(), 0U);
    EXPECT_EQ(engine_.in_flight(), 0U);
    const auto sent_before = sent_count();
    tick();
    EXPECT_FALSE(engine_.idle_for(now(), mono_now()));
    passed_ += std::chrono::hours{24};
    tick();
    EXPECT_EQ(sent_count(), sent_before);
  }
};

TEST_F(AbandonTest, SendsNothingMoreForThosePartitionsAndGoesOnWithOthers) {
  static_assert(partition_of(EndpointId{1}) != partition_of(EndpointId{2}));
  put_endpoint(2);
  abandon();
  commit(1, 1);
  commit(2, 2);
  engine_.resync_endpoint({1});
  tick();
  ASSERT_EQ(sent_count(), 1U);
  EXPECT_THAT(transport_.sent.front().second.url, HasSubstr("/2"));
  EXPECT_EQ(engine_.lanes_count(), 1U);
}

TEST_F(AbandonTest, ForgetsAtOnceWhatHasNothingInFlight) {
  engine_.set_writable(false);
  for (int id = 1; id <= 3; ++id) commit(id);
  tick();
  EXPECT_GT(engine_.ready_bytes(), 0U);
  abandon();
  engine_.set_writable(true);
  expect_forgotten();
}

TEST_F(AbandonTest, SettlesWhatIsInFlightAndForgetsTheEndpointOnlyThen) {
  for (int id = 1; id <= 3; ++id) commit(id);
  tick();
  ASSERT_EQ(sent_count(), 2U);
  abandon();
  EXPECT_TRUE(is_leaving());
  tick({answer(0, 200)});
  EXPECT_TRUE(is_leaving()) << "its settlement is not committed";
  settle();
  EXPECT_TRUE(is_leaving()) << "another one is in flight";
  tick({answer(1, 500)});
  ASSERT_THAT(sink_.settlements, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<Delivered>(sink_.settlements[0].next));
  EXPECT_TRUE(std::holds_alternative<RetryAt>(sink_.settlements[1].next));
  settle();
  expect_forgotten();
}

TEST_F(AbandonTest, TakesNothingUpForAnEndpointThatIsLeaving) {
  commit(1);
  tick();
  abandon();
  commit(2);
  engine_.resync_endpoint({1});
  engine_.notify_appended({3}, {1}, "line");
  engine_.request_probe({2}, {1});
  engine_.delivery_changed({2}, {1}, std::nullopt);
  tick();
  EXPECT_EQ(sent_count(), 1U);
  EXPECT_EQ(reader_.reads_count + reader_.ordered_reads_count, 0);
  tick({answer(0, 200)});
  settle();
  expect_forgotten();
}

TEST_F(AbandonTest, TellsThatTheLastAnswersOpenTheCircuit) {
  engine_.restore_circuit({1}, Circuit::kFailuresMax - 1, std::nullopt, now(), mono_now());
  commit(1);
  commit(2);
  tick();
  ASSERT_EQ(sent_count(), 2U);
  abandon();
  tick({answer(0, 500)});
  EXPECT_TRUE(sink_.settlements.back().circuit);
  settle();
  tick({answer(1, 500)});
  EXPECT_TRUE(sink_.settlements.back().circuit) << "it stays open";
  settle();
  expect_forgotten();
}

TEST_F(AbandonTest, TellsThatAProbeInFlightKeepsTheCircuitOpen) {
  const OpenCircuit open{now(), now() + std::chrono::hours{1}, Circuit::kDelayInitial};
  engine_.restore_circuit({1}, Circuit::kFailuresMax, open, now(), mono_now());
  store(1);
  engine_.request_probe({1}, {1});
  tick();
  ASSERT_EQ(sent_count(), 1U);
  abandon();
  tick({answer(0, 503)});
  EXPECT_TRUE(sink_.settlements.back().counts_for_health);
  ASSERT_TRUE(sink_.settlements.back().circuit);
  EXPECT_EQ(sink_.settlements.back().circuit->opened_at, open.opened_at);
  settle();
  expect_forgotten();
}

TEST_F(AbandonTest, TellsThatAProbeInFlightClosesTheCircuit) {
  const OpenCircuit open{now(), now() + std::chrono::hours{1}, Circuit::kDelayInitial};
  engine_.restore_circuit({1}, Circuit::kFailuresMax, open, now(), mono_now());
  store(1);
  engine_.request_probe({1}, {1});
  tick();
  abandon();
  tick({answer(0, 200)});
  EXPECT_TRUE(sink_.settlements.back().counts_for_health);
  EXPECT_FALSE(sink_.settlements.back().circuit);
  settle();
  expect_forgotten();
}

TEST_F(AbandonTest, GivesBackUnsentWhatWaitsForItsProgram) {
  Endpoint endpoint = make_endpoint(1);
  endpoint.config.transform = ".data";
  put_endpoint(endpoint);
  commit(1);
  tick();
  ASSERT_THAT(template_runner_.jobs, SizeIs(1));
  abandon();
  EXPECT_TRUE(is_leaving()) << "its slot is taken";
  engine_.take_template_result(
      {template_runner_.jobs.front().first, {std::optional<std::string>{"{}"}}}
  );
  tick();
  tick();
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_THAT(sink_.settlements, SizeIs(0));
  expect_forgotten();
}

TEST_F(AbandonTest, GivesBackWhatItsProgramFailsForMeanwhile) {
  Endpoint endpoint = make_endpoint(1);
  endpoint.config.transform = "fails";
  put_endpoint(endpoint);
  commit(1);
  tick();
  abandon();
  engine_.take_template_result(
      {template_runner_.jobs.front().first, {fail(Errc::kInvalidArgument, "no such member")}}
  );
  tick();
  tick();
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_THAT(sink_.settlements, SizeIs(0)) << "the node that acquires it will find out";
  expect_forgotten();
}

TEST_F(AbandonTest, ForgetsWhatItHasSetAside) {
  expires_at_ = now();
  commit(1);
  tick();
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_.lanes_count(), 1U);
  abandon();
  expect_forgotten();
}

TEST_F(AbandonTest, IsNotWokenForWhatFallsDueLater) {
  engine_.enqueue(store(1, 1, now() + Millis{1000}), now());
  tick();
  EXPECT_EQ(engine_.idle_for(now(), mono_now()), Millis{1000});
  abandon();
  expect_forgotten();
}

TEST_F(AbandonTest, IsNotWokenForTheEndOfAHold) {
  commit(1);
  tick();
  tick({answer(0, 429, "60")});
  settle();
  commit(2);
  tick();
  ASSERT_TRUE(engine_.idle_for(now(), mono_now()));
  abandon();
  expect_forgotten();
}

TEST_F(AbandonTest, ForgetsTheLinesOfOrderedDeliveries) {
  Endpoint endpoint = make_endpoint(1);
  endpoint.config.ordering = Ordering::kKey;
  put_endpoint(endpoint);
  for (std::int64_t id = 1; id <= 4; ++id) {
    DueDelivery due = store(id);
    due.delivery.lane_key = "line " + std::to_string(id / 3);
    reader_.rows[id] = due;
    engine_.enqueue(std::move(due), now());
  }
  tick();
  ASSERT_EQ(sent_count(), 2U);
  EXPECT_GT(engine_.ordering_bytes(), 0U);
  abandon();
  for (const std::size_t sent : {0U, 1U}) {
    EXPECT_TRUE(is_leaving());
    tick({answer(sent, 200)});
    settle();
  }
  EXPECT_EQ(sent_count(), 2U);
  expect_forgotten();
}

// Its endpoint is not known any more when the partition goes.
TEST_F(AbandonTest, WaitsForWhatIsInFlightForAnEndpointThatWasDeleted) {
  commit(1);
  tick();
  engine_.remove_endpoint({1});
  abandon();
  EXPECT_TRUE(is_leaving());
  tick({answer(0, 200)});
  settle();
  expect_forgotten();
}

TEST_F(AbandonTest, ForgetsAnEndpointThatIsDeletedWhileItLeaves) {
  commit(1);
  tick();
  abandon();
  engine_.remove_endpoint({1});
  EXPECT_TRUE(is_leaving());
  tick({answer(0, 200)});
  settle();
  expect_forgotten();
}

TEST_F(AbandonTest, SendsAgainForAnEndpointThatComesBack) {
  commit(1);
  tick();
  tick({answer(0, 500)});
  settle();
  commit(2);
  tick();
  abandon();
  tick({answer(1, 200)});
  settle();
  EXPECT_TRUE(engine_.leaving().none());
  put_endpoint(1);
  engine_.resync_endpoint({1});
  tick();
  EXPECT_EQ(engine_.idle_for(now(), mono_now()), Millis{1000}) << "until the retry is due";
  passed_ += Millis{1000};
  tick();
  EXPECT_EQ(sent_count(), 3U);
}

TEST_F(AbandonTest, AwaitsNoVersionOfWhatItHasAbandoned) {
  reader_.versions[1] = 7;
  store(1);
  engine_.resync_endpoint({1});
  tick();
  EXPECT_TRUE(engine_.awaits_endpoints());
  abandon();
  EXPECT_FALSE(engine_.awaits_endpoints());
  expect_forgotten();
}

class AbandonWithOneSlot : public AbandonTest {
 protected:
  AbandonWithOneSlot() : AbandonTest(1) { put_endpoint(2); }
};

TEST_F(AbandonWithOneSlot, GivesTheSlotThatALaneHasWaitedForToOthers) {
  commit(1, 2);
  tick();
  commit(2, 1);
  tick();
  commit(3, 2);
  tick();
  ASSERT_EQ(sent_count(), 1U);
  abandon();
  tick({answer(0, 200)});
  settle();
  tick();
  ASSERT_EQ(sent_count(), 2U);
  EXPECT_THAT(transport_.sent.back().second.url, HasSubstr("/2"));
}

TEST_F(AbandonWithOneSlot, FreesItsSlotForOthersOnceItIsSettled) {
  commit(1, 1);
  tick();
  commit(2, 2);
  tick();
  abandon();
  tick({answer(0, 200)});
  EXPECT_EQ(sent_count(), 1U);
  settle();
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

}  // namespace
}  // namespace postrider::testing
