// Rate limits as the engine keeps them.
#include "tests/unit/engine/engine_fixture.h"

namespace postrider::testing {
namespace {

class RateLimitTest : public EngineTest {
 protected:
  RateLimitTest() { limit(2); }

  void limit(int limit, Millis period = Millis{1000}) {
    Endpoint endpoint = make_endpoint(1);
    endpoint.config.max_in_flight = 100;
    endpoint.config.rate_limit = RateLimit{limit, period};
    engine_.set_fast({1}, true);
    put_endpoint(std::move(endpoint));
  }
  /// Ends all requests in flight as delivered.
  void deliver() {
    std::vector<Completion> completions;
    for (; answered_ < sent_count(); ++answered_) completions.push_back(answer(answered_, 200));
    tick(std::move(completions));
    for (; settled_ < sink_.settlements.size(); ++settled_) {
      const Settlement& settlement = sink_.settlements[settled_];
      reader_.rows.erase(settlement.delivery.value);
      engine_.settled(settlement.delivery, settlement.endpoint, true, std::nullopt);
    }
    tick();
  }

  std::size_t answered_ = 0;
  std::size_t settled_ = 0;
};

TEST_F(RateLimitTest, SendsNoMoreThanTheLimitInAPeriodAndIsWokenForTheRest) {
  for (int id = 1; id <= 5; ++id) commit(id);
  tick();
  EXPECT_EQ(sent_count(), 2U);
  passed_ = Millis{400};
  deliver();
  EXPECT_EQ(sent_count(), 2U);
  EXPECT_EQ(engine_.idle_for(now(), mono_now()), Millis{600});
  passed_ = Millis{999};
  tick();
  EXPECT_EQ(sent_count(), 2U);
  passed_ = Millis{1000};
  tick();
  EXPECT_EQ(sent_count(), 4U);
}

TEST_F(RateLimitTest, ReportsUntilWhenTheLimitIsReachedAndWhenItNoLongerIs) {
  using Changes = std::vector<BackpressureLog::Change>;
  for (int id = 1; id <= 3; ++id) commit(id);
  tick();
  const MonoTime next_slot = kMonoStart + Millis{1000};
  const LaneBackpressure limited{std::nullopt, next_slot};
  EXPECT_EQ(engine_.take_backpressure_changes(), (Changes{{EndpointId{1}, limited}}));
  passed_ = Millis{400};
  deliver();
  EXPECT_EQ(engine_.take_backpressure_changes(), Changes{});
  passed_ = Millis{1000};
  tick();
  EXPECT_EQ(engine_.take_backpressure_changes(), (Changes{{EndpointId{1}, {}}}));
}

TEST_F(RateLimitTest, AnEndpointThatIsRemovedOrGivenAwayIsUnderNoBackpressure) {
  using Changes = std::vector<BackpressureLog::Change>;
  for (int id = 1; id <= 3; ++id) commit(id);
  tick();
  EXPECT_EQ(engine_.take_backpressure_changes().size(), 1U);
  engine_.abandon(Partitions{}.set());
  EXPECT_EQ(engine_.take_backpressure_changes(), (Changes{{EndpointId{1}, {}}}));
}

TEST_F(RateLimitTest, CountsWhatAnIdleEndpointWasSentAndThenLetsItsLaneGo) {
  commit(1);
  tick();
  passed_ = Millis{500};
  deliver();
  EXPECT_EQ(engine_.lanes_count(), 1U);
  commit(2);
  commit(3);
  tick();
  EXPECT_EQ(sent_count(), 2U);
  passed_ = Millis{1000};
  tick();
  EXPECT_EQ(sent_count(), 3U);
  deliver();
  passed_ = Millis{2000};
  EXPECT_EQ(engine_.idle_for(now(), mono_now()), Millis{0});
  tick();
  EXPECT_EQ(engine_.lanes_count(), 0U);
  EXPECT_FALSE(engine_.idle_for(now(), mono_now()));
}

TEST_F(RateLimitTest, KeepsWhatIsReadyForAShortWaitAndGivesItBackForALongOne) {
  for (int id = 1; id <= 5; ++id) commit(id);
  tick();
  EXPECT_GT(engine_.ready_bytes(), 0U);
  EXPECT_EQ(reader_.reads_count, 0);
  limit(1, Millis{60'000});
  tick();
  EXPECT_EQ(engine_.ready_bytes(), 0U);
  passed_ = Millis{60'000};
  tick();
  EXPECT_EQ(sent_count(), 3U);
  EXPECT_EQ(reader_.reads_count, 1);
  EXPECT_EQ(engine_.ready_bytes(), 0U) << "no more is read than may be sent";
}

TEST_F(RateLimitTest, CountsWhatAProcessBeforeHasSent) {
  engine_.seed_send({1}, kMonoStart - Millis{700});
  engine_.seed_send({1}, kMonoStart);
  commit(1);
  tick();
  EXPECT_EQ(sent_count(), 0U);
  passed_ = Millis{300};
  tick();
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(RateLimitTest, FollowsAChangeOfTheLimitAndCountsANewOneFromThenOn) {
  for (int id = 1; id <= 9; ++id) commit(id);
  tick();
  EXPECT_EQ(sent_count(), 2U);
  limit(3);
  tick();
  EXPECT_EQ(sent_count(), 3U);
  put_endpoint(1, EndpointState::kActive, 100);
  tick();
  EXPECT_EQ(sent_count(), 4U) << "the limit of the process";
  limit(1);
  deliver();
  EXPECT_EQ(sent_count(), 5U);
}

TEST_F(RateLimitTest, SettlesWithTheInstantAndThePeriodOfTheLimit) {
  passed_ = Millis{5};
  commit(1);
  tick();
  passed_ = Millis{9};
  deliver();
  EXPECT_EQ(sink_.settlements.back().sent_at, kMonoStart + Millis{5});
  EXPECT_EQ(sink_.settlements.back().rate_period, Millis{1000});
  put_endpoint(1);
  commit(2);
  tick();
  deliver();
  EXPECT_FALSE(sink_.settlements.back().rate_period);
}

TEST_F(RateLimitTest, DoesNotCountWhatExpiredBeforeItWasSent) {
  expires_at_ = kStart;
  for (int id = 1; id <= 3; ++id) commit(id);
  expires_at_.reset();
  for (int id = 4; id <= 5; ++id) commit(id);
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

}  // namespace
}  // namespace postrider::testing
