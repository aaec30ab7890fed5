// Attempts that wait for programs before they go out.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ProgramEngineTest : public EngineTest {
 protected:
  explicit ProgramEngineTest(std::size_t in_flight_max = 4) : EngineTest(in_flight_max) {}

  void put_with(
      std::int64_t id,
      const std::string& transform,
      EndpointState state = EndpointState::kActive,
      int max_in_flight = 2
  ) {
    Endpoint endpoint = make_endpoint(id);
    endpoint.config.transform = transform;
    endpoint.config.max_in_flight = max_in_flight;
    endpoint.state = state;
    put_endpoint(std::move(endpoint));
  }
  /// The template runner answers the job at `index`.
  void render(std::size_t index, ProgramOutput output) {
    engine_.take_template_result({template_runner_.jobs.at(index).first, {std::move(output)}});
    tick();
    tick();
  }
  void render(std::size_t index) { render(index, std::optional<std::string>{"{}"}); }
  [[nodiscard]] std::size_t jobs_count() const { return template_runner_.jobs.size(); }
  [[nodiscard]] const Settlement& last() const { return sink_.settlements.back(); }
};

TEST_F(ProgramEngineTest, SendsAndSignsWhatTheProgramMakes) {
  put_with(1, ".data");
  commit(1);
  tick();
  ASSERT_EQ(template_runner_.jobs.size(), 1U);
  const ProgramJob& job = template_runner_.jobs[0].second;
  EXPECT_EQ(job.owner, 1);
  EXPECT_THAT(job.programs, ::testing::ElementsAre(".data"));
  EXPECT_THAT(job.input, HasSubstr(R"("type":"ping")"));
  EXPECT_THAT(job.input, HasSubstr(R"("metadata":{},"data":{}})"));
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_.in_flight(), 1U) << "it holds a slot while it is rendered";
  render(0, std::optional<std::string>{R"({"a":1})"});
  ASSERT_EQ(sent_count(), 1U);
  EXPECT_EQ(transport_.sent[0].second.body, R"({"a":1})");
  EXPECT_THAT(transport_.sent[0].second.headers, Contains(StartsWith("webhook-signature: v1,")));
}

TEST_F(ProgramEngineTest, EndsTheDeliveryWhoseProgramFailsAndBlamesNoEndpoint) {
  put_with(1, "fails");
  for (std::int64_t id = 1; id <= 12; ++id) {
    commit(id);
    tick();
    render(static_cast<std::size_t>(id) - 1, fail(Errc::kInvalidArgument, "no such member"));
    ASSERT_EQ(sink_.settlements.size(), static_cast<std::size_t>(id));
    EXPECT_EQ(last().next, NextState{Dead{DeadReason::kRejected}});
    EXPECT_EQ(last().attempt.error, "transform: no such member");
    EXPECT_EQ(last().attempt.outcome, Outcome::kRejected);
    EXPECT_FALSE(last().counts_for_health);
    EXPECT_FALSE(last().circuit) << "no circuit opens for it";
    settle();
  }
  EXPECT_EQ(sent_count(), 0U);
}

TEST_F(ProgramEngineTest, WaitsLongerEachTimeProgramsCannotRunAndCountsNoAttempt) {
  put_with(1, ".data");
  commit(1);
  tick();
  const auto why = fail(Errc::kUnavailable, "there is no process for it");
  render(0, why);
  EXPECT_EQ(engine_.in_flight(), 0U);
  EXPECT_EQ(jobs_count(), 1U);
  EXPECT_EQ(engine_.idle_for(now(), mono_now()), Millis{1000});
  passed_ += Millis{1000};
  tick();
  ASSERT_EQ(jobs_count(), 2U);
  render(1, why);
  EXPECT_EQ(engine_.idle_for(now(), mono_now()), Millis{2000});
  passed_ += Millis{2000};
  tick();
  ASSERT_EQ(jobs_count(), 3U);
  render(2);
  EXPECT_EQ(sent_count(), 1U);
  EXPECT_TRUE(sink_.settlements.empty());
}

TEST_F(ProgramEngineTest, EndsTheDeliveryWhoseProgramHasNoOutput) {
  put_with(1, "empty");
  commit(1);
  tick();
  render(0, std::optional<std::string>{});
  EXPECT_EQ(last().next, NextState{Dead{DeadReason::kRejected}});
  EXPECT_EQ(last().attempt.error, "transform: no output");
}

TEST_F(ProgramEngineTest, GivesATemplateToAChat) {
  Endpoint endpoint = make_endpoint(1);
  endpoint.config.destination.type = DestinationType::kSlack;
  endpoint.config.destination.message_template = ".type";
  put_endpoint(std::move(endpoint));
  commit(1);
  tick();
  render(0, std::optional<std::string>{R"("ping!")"});
  ASSERT_EQ(sent_count(), 1U);
  EXPECT_EQ(transport_.sent[0].second.body, R"({"text":"ping!"})");
  commit(2);
  tick();
  render(1, std::optional<std::string>{"7"});
  EXPECT_EQ(last().next, NextState{Dead{DeadReason::kRejected}});
  EXPECT_THAT(last().attempt.error, HasSubstr("neither a string nor an object"));
}

TEST_F(ProgramEngineTest, DoesNotWaitForOneProgramWithTheOthers) {
  put_with(1, ".slow");
  put_endpoint(2);
  commit(1, 1);
  commit(2, 2);
  tick();
  EXPECT_EQ(sent_count(), 1U);
}

// --- What changes while an attempt is prepared ---------------------------------------------------

TEST_F(ProgramEngineTest, SendsNothingToAnEndpointThatWasPausedMeanwhile) {
  put_with(1, ".data");
  commit(1);
  tick();
  put_with(1, ".data", EndpointState::kPaused);
  render(0);
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_.in_flight(), 0U);
  put_with(1, ".data");
  tick();
  EXPECT_EQ(jobs_count(), 2U) << "it goes on where it was";
  render(1);
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(ProgramEngineTest, PreparesAnewForAnEndpointThatWasChangedMeanwhile) {
  put_with(1, "fails");
  commit(1);
  tick();
  put_with(1, ".mended");
  render(0, fail(Errc::kInvalidArgument, "no such member"));
  EXPECT_TRUE(sink_.settlements.empty());
  ASSERT_EQ(jobs_count(), 2U);
  EXPECT_THAT(template_runner_.jobs[1].second.programs, ::testing::ElementsAre(".mended"));
  render(1);
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(ProgramEngineTest, SendsNothingToAnEndpointThatWasDeletedMeanwhile) {
  put_with(1, ".data");
  commit(1);
  tick();
  engine_.remove_endpoint({1});
  render(0);
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_.lanes_count(), 0U);
}

TEST_F(ProgramEngineTest, DoesNotSendADeliveryThatWasCancelledMeanwhile) {
  put_with(1, ".data");
  commit(1);
  tick();
  reader_.rows.erase(1);
  engine_.delivery_changed({1}, {1}, std::nullopt);
  tick();
  render(0);
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_.in_flight(), 0U);
  EXPECT_EQ(engine_.lanes_count(), 0U);
}

TEST_F(ProgramEngineTest, DoesNotSendAnEventThatExpiredMeanwhile) {
  put_with(1, ".data");
  expires_at_ = now() + Millis{50};
  commit(1);
  tick();
  passed_ += Millis{50};
  render(0);
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_.in_flight(), 0U);
  EXPECT_EQ(jobs_count(), 1U);
}

TEST_F(ProgramEngineTest, SendsNothingMoreOnceItDrains) {
  put_with(1, ".data");
  commit(1);
  tick();
  engine_.drain();
  render(0);
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_.in_flight(), 0U) << "a drain waits for nothing";
}

TEST_F(ProgramEngineTest, LetsAnotherProbeOutWhenOneWasNotSent) {
  put_with(1, "");
  commit(1);
  for (int i = 0; i < Circuit::kFailuresMax; ++i) {
    tick();
    tick({answer(sent_count() - 1, 500)});
    settle();
    passed_ += Millis{2000};
    if (sink_.settlements.back().next == NextState{Dead{DeadReason::kAttemptsExhausted}}) {
      commit(i + 2);
    }
  }
  ASSERT_TRUE(last().circuit);
  put_with(1, ".data");
  passed_ += Millis{10'000};
  tick();
  ASSERT_EQ(jobs_count(), 1U) << "a probe is prepared";
  put_with(1, ".other");
  render(0);
  ASSERT_EQ(jobs_count(), 2U) << "and another one at once";
  const auto sent = sent_count();
  render(1);
  EXPECT_EQ(sent_count(), sent + 1);
}

// --- What preparing costs others -----------------------------------------------------------------

class ManySlotsTest : public ProgramEngineTest {
 protected:
  ManySlotsTest() : ProgramEngineTest(64) {}
};

TEST_F(ManySlotsTest, AnEndpointPreparesAFewAttemptsAtATime) {
  put_with(1, ".slow", EndpointState::kActive, 64);
  for (std::int64_t id = 1; id <= 40; ++id) commit(id);
  for (int i = 0; i < 40; ++i) tick();
  EXPECT_EQ(jobs_count(), limits::kLanePreparingMax);
  EXPECT_EQ(engine_.in_flight(), limits::kLanePreparingMax);
  render(0);
  EXPECT_EQ(sent_count(), 1U);
  EXPECT_EQ(jobs_count(), limits::kLanePreparingMax + 1);
}

TEST_F(ManySlotsTest, AnEndpointWithSlowProgramsIsNotPrompt) {
  put_with(1, ".slow");
  engine_.set_fast({1}, true);
  for (std::int64_t id = 1; id <= 2; ++id) {
    commit(id);
    tick();
    if (id == 1) passed_ += Millis{1001};
    render(static_cast<std::size_t>(id) - 1);
    EXPECT_EQ(engine_.is_fast({1}), id == 1);
    tick({answer(static_cast<std::size_t>(id) - 1, 200)});
    settle();
    EXPECT_EQ(engine_.is_fast({1}), id == 2);
  }
}

TEST_F(ManySlotsTest, ARateLimitCountsWhenTheRequestGoesOut) {
  Endpoint endpoint = make_endpoint(1);
  endpoint.config.transform = ".data";
  endpoint.config.rate_limit = RateLimit{1, Millis{1000}};
  put_endpoint(std::move(endpoint));
  commit(1);
  commit(2);
  tick();
  tick();
  ASSERT_EQ(jobs_count(), 1U) << "the rate may not let a second one go";
  passed_ += Millis{900};
  render(0);
  ASSERT_EQ(sent_count(), 1U);
  tick({answer(0, 200)});
  EXPECT_EQ(last().sent_at, mono_now());
  settle();
  passed_ += Millis{999};
  tick();
  EXPECT_EQ(jobs_count(), 1U) << "a second counts from the request";
  passed_ += Millis{1};
  tick();
  ASSERT_EQ(jobs_count(), 2U);
  render(1, fail(Errc::kInvalidArgument, "no such member"));
  EXPECT_FALSE(last().rate_period) << "nothing was sent";
}

}  // namespace
}  // namespace postrider::testing
