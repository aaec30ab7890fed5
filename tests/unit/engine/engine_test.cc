#include "tests/unit/engine/engine_fixture.h"

namespace postrider::testing {
namespace {

TEST_F(EngineTest, SendsAFreshDeliveryWithoutReadingTheStore) {
  commit(1);
  tick();
  EXPECT_EQ(sent_count(), 1U);
  EXPECT_EQ(reader_.reads_count, 0);
}

TEST_F(EngineTest, LetsALaneGoWhenItsLastDeliveryIsSettled) {
  commit(1);
  tick();
  tick({answer(0, 200)});
  EXPECT_EQ(engine_.in_flight(), 1U);
  settle();
  tick();
  EXPECT_EQ(engine_.in_flight(), 0U);
  EXPECT_EQ(engine_.lanes_count(), 0U);
  EXPECT_FALSE(engine_.idle_for(now(), kMonoStart));
}

TEST_F(EngineTest, RetriesWhenTheScheduleSaysAndEndsWithIt) {
  commit(1);
  tick();
  tick({answer(0, 500)});
  EXPECT_EQ(std::get<RetryAt>(sink_.settlements.back().next).due_at, kStart + Millis{1000});
  settle();
  tick();
  EXPECT_EQ(engine_.idle_for(now(), kMonoStart), Millis{1000});
  passed_ = Millis{999};
  tick();
  EXPECT_EQ(sent_count(), 1U);
  passed_ = Millis{1000};
  reader_.rows.at(1).delivery.schedule_attempts_count = 2;
  tick();
  EXPECT_EQ(sent_count(), 2U);
  tick({answer(1, 500)});
  EXPECT_EQ(std::get<Dead>(sink_.settlements.back().next).reason, DeadReason::kAttemptsExhausted);
}

TEST_F(EngineTest, KeepsToTheLimitsOfEndpointAndProcess) {
  put_endpoint(2);
  put_endpoint(3);
  for (int id = 1; id <= 3; ++id) engine_.set_fast({id}, true);
  for (int id = 1; id <= 9; ++id) commit(id, 1 + id % 3);
  tick();
  EXPECT_EQ(sent_count(), 4U);
  std::map<std::string, int> by_url;
  for (const auto& [id, request] : transport_.sent) ++by_url[request.url];
  for (const auto& [url, count] : by_url) EXPECT_LE(count, 2) << url;
}

TEST_F(EngineTest, LeavesSlotsToPromptEndpointsWhileManyDoNotAnswer) {
  for (int id = 2; id <= 9; ++id) put_endpoint(id);
  engine_.set_fast({1}, true);
  for (int id = 2; id <= 9; ++id) commit(id * 10, id);
  tick();
  EXPECT_EQ(sent_count(), 3U) << "of four slots, one is kept for those that answer";
  commit(1, 1);
  tick();
  EXPECT_EQ(transport_.sent.back().second.url, "http://receiver/1");
}

TEST_F(EngineTest, GivesAFreedSlotToTheEndpointThatWaitsLongest) {
  for (int id = 2; id <= 5; ++id) put_endpoint(id);
  for (int id = 1; id <= 5; ++id) commit(id, id);
  tick();
  ASSERT_EQ(sent_count(), 3U);
  Completion hung = answer(0, 0);
  hung.response.failure = Response::Failure::kTimeout;
  tick({hung});
  settle();
  tick();
  ASSERT_EQ(sent_count(), 4U);
  EXPECT_EQ(transport_.sent.back().second.url, "http://receiver/4");
}

TEST_F(EngineTest, AnEndpointThatAnswersAtOnceMayHaveItsFullLimit) {
  put_endpoint(2, EndpointState::kActive, 4);
  for (int id = 1; id <= 6; ++id) commit(id, 2);
  tick();
  EXPECT_EQ(sent_count(), 2U) << "half of what may be doubted, until it has answered";
  tick({answer(0, 200)});
  settle();
  tick();
  EXPECT_EQ(engine_.in_flight(), 4U);
  Completion slow = answer(1, 200);
  slow.response.duration = Millis{1001};
  tick({slow});
  settle();
  tick();
  EXPECT_EQ(engine_.in_flight(), 3U) << "a slow answer takes the trust back";
}

TEST_F(EngineTest, TakesTurnsBetweenLanes) {
  put_endpoint(2);
  for (int id = 1; id <= 3; ++id) commit(id, 1);
  commit(4, 2);
  tick();
  EXPECT_EQ(transport_.sent.at(1).second.url, "http://receiver/2");
}

TEST_F(EngineTest, HoldsAThrottlingEndpointForEverythingThatComes) {
  commit(1);
  tick();
  tick({answer(0, 429, "10")});
  const LaneBackpressure throttled{kMonoStart + Millis{10'000}, std::nullopt};
  using Changes = std::vector<BackpressureLog::Change>;
  EXPECT_EQ(engine_.take_backpressure_changes(), (Changes{{EndpointId{1}, throttled}}));
  settle();
  commit(2);
  tick();
  EXPECT_EQ(sent_count(), 1U);
  passed_ = Millis{9999};
  tick();
  EXPECT_EQ(sent_count(), 1U);
  EXPECT_EQ(engine_.take_backpressure_changes(), Changes{});
  passed_ = Millis{10'000};
  tick();
  EXPECT_EQ(sent_count(), 3U);
  EXPECT_EQ(engine_.take_backpressure_changes(), (Changes{{EndpointId{1}, {}}}));
}

// Simulator, seeds 111 and 125.
TEST_F(EngineTest, HoldsAnEndpointThatHasNothingElseToDo) {
  store(1);
  reader_.rows.at(1).delivery.schedule_attempts_count = 2;
  engine_.resync_endpoint({1});
  tick();
  tick({answer(0, 503, "10")});
  ASSERT_TRUE(std::holds_alternative<Dead>(sink_.settlements.back().next));
  settle();
  tick();
  commit(2);
  tick();
  EXPECT_EQ(sent_count(), 1U);
  passed_ = Millis{10'000};
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

TEST_F(EngineTest, LetsALaneGoWhenItsHoldIsOver) {
  commit(1);
  tick();
  tick({answer(0, 429, "5")});
  sink_.settlements.back().next = Dead{DeadReason::kAttemptsExhausted};
  settle();
  tick();
  EXPECT_EQ(engine_.lanes_count(), 1U);
  passed_ = Millis{5000};
  tick();
  EXPECT_EQ(engine_.lanes_count(), 0U);
}

TEST_F(EngineTest, SendsNothingAfterAGoneThoughAChangeIsToldBeforeItsSettlement) {
  commit(1);
  tick();
  tick({answer(0, 410)});
  put_endpoint(1);  // a change of the config that was committed before
  commit(2);
  tick();
  EXPECT_EQ(sent_count(), 1U);
  put_endpoint(1, EndpointState::kDisabled);
  settle();
  tick();
  EXPECT_EQ(sent_count(), 1U);
  put_endpoint(1);
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

TEST_F(EngineTest, ReadsAgainWhenASettlementCameTooLate) {
  commit(1);
  tick();
  tick({answer(0, 500)});
  engine_.delivery_changed({1}, {1}, {});  // somebody asked for a retry meanwhile
  tick();
  EXPECT_EQ(sent_count(), 1U);
  settle(false);
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

TEST_F(EngineTest, NeverSendsAnExpiredEventAndLeavesItsEndToTheSweep) {
  expires_at_ = kStart;
  commit(1);
  tick();
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_.lanes_count(), 1U);
  reader_.rows.clear();
  engine_.delivery_changed({1}, {1}, {});
  tick();
  EXPECT_EQ(engine_.lanes_count(), 0U);
}

TEST_F(EngineTest, ReadsNoMoreExpiredDeliveriesThanALaneHolds) {
  expires_at_ = kStart;
  for (int id = 1; id <= 500; ++id) store(id);
  engine_.resync_endpoint({1});
  tick();
  EXPECT_LE(reader_.reads_count, limits::kLaneReadyMax / limits::kLanePageMax + 1);
}

// Simulator, seeds 98 and 130.
TEST_F(EngineTest, LetsTheLaneOfADeletedEndpointGoOnceItsExpiredDeliveriesAreSwept) {
  expires_at_ = kStart;
  commit(1);
  tick();
  engine_.remove_endpoint({1});
  tick();
  EXPECT_EQ(engine_.lanes_count(), 1U);
  engine_.delivery_changed({1}, {1}, {});
  tick();
  EXPECT_EQ(engine_.lanes_count(), 0U);
}

// Simulator, seed 148.
TEST_F(EngineTest, LetsALaneGoWhoseExpiredDeliveriesEndedUnheard) {
  expires_at_ = kStart;
  commit(1);
  tick();
  EXPECT_EQ(engine_.lanes_count(), 1U);
  reader_.rows.clear();
  engine_.resync_all();
  tick();
  EXPECT_EQ(engine_.lanes_count(), 0U);
}

// Simulator, seed 626.
TEST_F(EngineTest, DeletedEndpointIsLeavingUntilItsRequestIsSettled) {
  commit(1);
  tick();
  engine_.remove_endpoint({1});
  engine_.abandon(Partitions{}.set());
  EXPECT_EQ(engine_.leaving(), Partitions{}.set(partition_of(EndpointId{1})));
  tick({answer(0, 200)});
  settle();
  EXPECT_TRUE(engine_.leaving().none());
}

TEST_F(EngineTest, SendsNothingToAPausedEndpointAndAllOfItAfterwards) {
  put_endpoint(1, EndpointState::kPaused);
  commit(1);
  commit(2);
  tick();
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_.ready_bytes(), 0U);
  put_endpoint(1);
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

TEST_F(EngineTest, SendsNothingWhileNothingCanBeWritten) {
  engine_.set_writable(false);
  commit(1);
  tick();
  EXPECT_EQ(sent_count(), 0U);
  engine_.set_writable(true);
  tick();
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(EngineTest, SendsNothingNewWhileItDrains) {
  commit(1);
  tick();
  engine_.drain();
  commit(2);
  tick({answer(0, 200)});
  EXPECT_EQ(sent_count(), 1U);
  EXPECT_EQ(sink_.settlements.size(), 1U);
}

TEST_F(EngineTest, ReadsALaneAgainThatCouldNotBeRead) {
  store(1);
  engine_.resync_endpoint({1});
  reader_.fails = true;
  EXPECT_FALSE(engine_.tick(now(), kMonoStart, {}));
  reader_.fails = false;
  tick();
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(EngineTest, TellsWhetherSomethingWaitsForASettlement) {
  commit(1);
  tick();
  tick({answer(0, 204)});
  EXPECT_EQ(sink_.urgencies.back(), Urgency::kCanWait);
  // The endpoint may have two requests in flight, and the first is not settled yet.
  commit(2);
  tick();
  tick({answer(1, 204)});
  EXPECT_EQ(sink_.urgencies.back(), Urgency::kAwaited);
}

TEST_F(EngineTest, ProbesWaitForTheSettlementBefore) {
  put_endpoint(2);
  for (int failures = 1; failures <= 11; ++failures) {
    commit(failures, 2);
    tick();
    if (sent_count() == 0) break;
    tick({answer(sent_count() - 1, 500)});
    // The tenth failure opens the circuit.
    const Urgency expected = failures < 10 ? Urgency::kCanWait : Urgency::kAwaited;
    EXPECT_EQ(sink_.urgencies.back(), expected) << failures;
    if (failures == 10) break;
    reader_.rows.erase(failures);
    engine_.settled({failures}, {2}, true, std::nullopt);
  }
  EXPECT_EQ(sent_count(), 10U);
}

TEST_F(EngineTest, SettlesWithTheRoundThatWasSent) {
  store(1);
  reader_.rows.at(1).delivery.round = 3;
  engine_.resync_endpoint({1});
  tick();
  reader_.rows.at(1).delivery.round = 4;
  tick({answer(0, 204)});
  EXPECT_EQ(sink_.settlements.back().round, 3);
  EXPECT_EQ(sink_.settlements.back().attempts_count, 0);
  EXPECT_TRUE(std::holds_alternative<Delivered>(sink_.settlements.back().next));
}

}  // namespace
}  // namespace postrider::testing
