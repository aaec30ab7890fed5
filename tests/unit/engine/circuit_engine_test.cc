// Circuits as the engine keeps them.
#include "tests/unit/engine/engine_fixture.h"

namespace postrider::testing {
namespace {

class EngineCircuitTest : public EngineTest {
 protected:
  /// Ten failures in a row; what failed is due again in an hour.
  void open() {
    for (int id = 1; id <= 10; ++id) {
      commit(id);
      tick();
      fail_last();
    }
    tick();
  }
  void fail_last(int status = 500) {
    tick({answer(sent_count() - 1, status)});
    if (auto* retry = std::get_if<RetryAt>(&sink_.settlements.back().next); retry != nullptr)
      retry->due_at = now() + std::chrono::hours{1};
    settle();
    tick();
  }
  void wait_for_probe() {
    tick();
    const auto idle = engine_.idle_for(now(), mono_now());
    ASSERT_TRUE(idle);
    passed_ += *idle;
    tick();
  }
  /// The delivery of the last request.
  [[nodiscard]] std::int64_t last_sent() const {
    const auto& headers = transport_.sent.back().second.headers;
    for (const auto& [id, row] : reader_.rows) {
      const auto line = "webhook-id: " + IdCodec{1}.encode(EventId{id + 1000});
      for (const auto& header : headers) {
        if (header == line) return id;
      }
    }
    return 0;
  }
};

TEST_F(EngineCircuitTest, SendsNothingButOneProbeWhenItsInstantHasCome) {
  open();
  for (int id = 20; id < 30; ++id) commit(id);
  tick();
  EXPECT_EQ(sent_count(), 10U);
  EXPECT_EQ(engine_.ready_bytes(), 0U);
  const auto idle = engine_.idle_for(now(), mono_now());
  ASSERT_TRUE(idle);
  EXPECT_GE(*idle, Millis{4000});
  EXPECT_LE(*idle, Millis{6000});
  EXPECT_EQ(reader_.reads_count, 0);
  wait_for_probe();
  EXPECT_EQ(sent_count(), 11U);
  EXPECT_EQ(engine_.ready_bytes(), 0U);
  passed_ += std::chrono::minutes{10};
  tick();
  EXPECT_EQ(sent_count(), 11U) << "the probe is in flight";
}

TEST_F(EngineCircuitTest, SendsEverythingOnceAProbeSucceeds) {
  open();
  for (int id = 20; id < 30; ++id) commit(id);
  wait_for_probe();
  fail_last();
  EXPECT_EQ(sink_.settlements.back().circuit->probe_delay, Millis{10'000});
  wait_for_probe();
  EXPECT_EQ(sent_count(), 12U);
  fail_last(200);
  EXPECT_FALSE(sink_.settlements.back().circuit);
  EXPECT_EQ(engine_.in_flight(), 2U) << "as many as the endpoint may have";
}

TEST_F(EngineCircuitTest, ProbesWithTheDeliveryThatHasTheFewestAttempts) {
  open();
  for (int id = 20; id < 23; ++id) store(id);
  reader_.rows.at(20).delivery.schedule_attempts_count = 1;
  reader_.rows.at(21).delivery.schedule_attempts_count = 1;
  engine_.resync_endpoint({1});
  wait_for_probe();
  EXPECT_EQ(last_sent(), 22);
}

TEST_F(EngineCircuitTest, ProbesAtOnceWithWhatAPersonAsksFor) {
  open();
  for (int id = 20; id < 200; ++id) store(id);
  engine_.resync_endpoint({1});
  tick();
  EXPECT_EQ(sent_count(), 10U);
  engine_.request_probe({150}, {1});
  engine_.request_probe({160}, {1});
  tick();
  ASSERT_EQ(sent_count(), 11U);
  EXPECT_EQ(last_sent(), 150);
  fail_last();
  ASSERT_EQ(sent_count(), 12U);
  EXPECT_EQ(last_sent(), 160);
  EXPECT_EQ(sink_.settlements.back().circuit->probe_delay, Millis{10'000});
}

TEST_F(EngineCircuitTest, ForgetsWhatAPersonAskedForThatCannotBeSent) {
  open();
  engine_.request_probe({999}, {1});
  tick();
  EXPECT_EQ(sent_count(), 10U);
}

TEST_F(EngineCircuitTest, BeginsAnewWithTheEndpointsHealth) {
  open();
  commit(20);
  tick();
  EXPECT_EQ(sent_count(), 10U);
  Endpoint changed = make_endpoint(1);
  changed.health_round = 1;
  put_endpoint(changed);
  tick();
  EXPECT_EQ(sent_count(), 11U);
}

TEST_F(EngineCircuitTest, DoesNotCountAnswersOfBeforeABeginningAnew) {
  open();
  commit(20);
  wait_for_probe();
  Endpoint changed = make_endpoint(1);
  changed.health_round = 1;
  put_endpoint(changed);
  fail_last();
  EXPECT_EQ(sink_.settlements.back().health_round, 0);
  EXPECT_FALSE(sink_.settlements.back().circuit);
  commit(21);
  tick();
  EXPECT_EQ(sent_count(), 12U);
}

TEST_F(EngineCircuitTest, GoesOnAfterARestart) {
  engine_.restore_circuit(
      {1}, 12, OpenCircuit{kStart, kStart + Millis{900}, Millis{5000}}, kStart, kMonoStart
  );
  commit(1);
  tick();
  EXPECT_EQ(sent_count(), 0U);
  passed_ = Millis{900};
  tick();
  EXPECT_EQ(sent_count(), 1U);
}

}  // namespace
}  // namespace postrider::testing
