#include "engine/test_requests.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "crypto/encoding.h"
#include "crypto/keys.h"

#include "tests/unit/engine/engine_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class TestRequestsTest : public ::testing::Test {
 protected:
  static Endpoint endpoint(std::int64_t id) {
    Endpoint endpoint;
    endpoint.id = {id};
    endpoint.tenant = "acme";
    endpoint.config.url = "http://receiver/" + std::to_string(id);
    endpoint.config.timeout = Millis{2000};
    endpoint.secrets = {{"whsec_" + std::string(32, 'A'), kStart, std::nullopt}};
    return endpoint;
  }
  static Endpoint function(std::int64_t id) {
    static const std::string kPem = crypto::PrivateKey::generate(crypto::KeyKind::kRsa).pem();
    Endpoint made = endpoint(id);
    made.config.url = "https://f.example/fn";
    made.config.destination.type = DestinationType::kGcpFunction;
    made.config.destination.oidc =
        OidcAuth{{"me@project", kPem, "", "https://tokens.example/"}, "", ""};
    return made;
  }

  void start(Endpoint to) {
    EventDraft draft;
    draft.type = kTestEventType;
    draft.data = R"({"n":1.50})";
    tests_.start(
        {std::make_shared<const Endpoint>(std::move(to)),
         std::move(draft),
         [this](Result<TestAttempt> result) { results_.push_back(std::move(result)); }},
        now(),
        mono_now()
    );
  }
  void advance(std::vector<Completion> completions = {}) {
    tests_.advance(std::move(completions), now(), mono_now());
  }
  /// The receiver answers the request at `index` of those sent.
  void answer(std::size_t index, int status, std::string body = {}) {
    Completion completion;
    completion.id = transport_.sent.at(index).first;
    completion.response.status = status;
    completion.response.body = std::move(body);
    completion.response.duration = Millis{7};
    advance({std::move(completion)});
  }
  void render(std::size_t index, ProgramOutput output) {
    tests_.take_template_result({template_runner_.jobs.at(index).first, {std::move(output)}});
    advance();
  }
  [[nodiscard]] const Request& sent(std::size_t index) const {
    return transport_.sent.at(index).second;
  }
  [[nodiscard]] WallTime now() const { return kStart + passed_; }
  [[nodiscard]] MonoTime mono_now() const { return kMonoStart + passed_; }

  FakeTransport transport_;
  FakeTemplateRunner template_runner_;
  TestRequests tests_{{"Postrider/1", Millis{15'000}}, IdCodec{7}, transport_, template_runner_};
  std::vector<Result<TestAttempt>> results_;
  Millis passed_{0};
};

TEST_F(TestRequestsTest, SendsASignedRequestAtOnceAndReturnsItsAttempt) {
  start(endpoint(1));
  ASSERT_THAT(transport_.sent, SizeIs(1));
  EXPECT_TRUE(TestRequests::owns(transport_.sent[0].first));
  EXPECT_EQ(sent(0).url, "http://receiver/1");
  EXPECT_EQ(sent(0).timeout, Millis{2000});
  EXPECT_THAT(sent(0).body, HasSubstr(R"("type":"postrider.test")"));
  EXPECT_THAT(sent(0).body, HasSubstr("1.50"));
  EXPECT_THAT(sent(0).headers, Contains(StartsWith("webhook-signature: v1,")));
  EXPECT_THAT(sent(0).headers, Contains("postrider-attempt: 1"));
  answer(0, 418, "teapot");
  ASSERT_THAT(results_, SizeIs(1));
  ASSERT_TRUE(results_[0]);
  const TestAttempt& test = *results_[0];
  EXPECT_EQ(test.endpoint, EndpointId{1});
  EXPECT_EQ(test.tenant, "acme");
  EXPECT_EQ(test.type, kTestEventType);
  EXPECT_EQ(test.attempt.number, 1);
  EXPECT_EQ(test.attempt.status, 418);
  EXPECT_EQ(test.attempt.outcome, Outcome::kHttpError);
  EXPECT_EQ(test.attempt.response_excerpt, "teapot");
  EXPECT_EQ(test.attempt.started_at, kStart);
  EXPECT_EQ(test.attempt.duration, Millis{7});
  EXPECT_THAT(sent(0).headers, Contains("webhook-id: " + test.event_id));
  EXPECT_EQ(tests_.in_flight(), 0U);
}

TEST_F(TestRequestsTest, GivesIdsThatNameNothingInTheDatabase) {
  const IdCodec database{1};
  for (int i = 0; i < 2; ++i) start(endpoint(1));
  answer(0, 200);
  answer(1, 200);
  EXPECT_NE(results_[0]->event_id, results_[1]->event_id);
  EXPECT_THAT(results_[0]->id, StartsWith("att_"));
  EXPECT_EQ(database.decode_event(results_[0]->event_id).error().code, Errc::kNotFound);
  EXPECT_EQ(database.decode_delivery(results_[0]->delivery_id).error().code, Errc::kNotFound);
}

TEST_F(TestRequestsTest, SendsToEndpointsInAnyState) {
  for (const auto state : {EndpointState::kPaused, EndpointState::kDisabled}) {
    Endpoint to = endpoint(1);
    to.state = state;
    start(std::move(to));
  }
  EXPECT_THAT(transport_.sent, SizeIs(2));
}

TEST_F(TestRequestsTest, RunsTheTransform) {
  Endpoint to = endpoint(3);
  to.config.transform = ".data";
  start(std::move(to));
  ASSERT_THAT(template_runner_.jobs, SizeIs(1));
  EXPECT_EQ(template_runner_.jobs[0].second.owner, 3);
  EXPECT_THAT(transport_.sent, SizeIs(0));
  render(0, std::optional<std::string>{R"({"made":1})"});
  ASSERT_THAT(transport_.sent, SizeIs(1));
  EXPECT_EQ(sent(0).body, R"({"made":1})");
  answer(0, 200);
  EXPECT_EQ(results_.at(0)->attempt.outcome, Outcome::kSuccess);
}

TEST_F(TestRequestsTest, ReportsATransformThatFails) {
  Endpoint to = endpoint(3);
  to.config.transform = "fails";
  start(std::move(to));
  render(0, fail(Errc::kInvalidArgument, "no such member"));
  advance();
  ASSERT_THAT(results_, SizeIs(1));
  EXPECT_EQ(results_[0]->attempt.outcome, Outcome::kRejected);
  EXPECT_EQ(results_[0]->attempt.error, "transform: no such member");
  EXPECT_EQ(tests_.in_flight(), 0U);
}

TEST_F(TestRequestsTest, EndsWhenProgramsCannotBeRun) {
  Endpoint to = endpoint(3);
  to.config.transform = ".";
  start(std::move(to));
  render(0, fail(Errc::kUnavailable, "no process"));
  ASSERT_THAT(results_, SizeIs(1));
  EXPECT_EQ(results_[0].error().code, Errc::kUnavailable);
  EXPECT_EQ(tests_.in_flight(), 0U);
}

TEST_F(TestRequestsTest, AsksForATokenFirst) {
  start(function(4));
  ASSERT_THAT(transport_.sent, SizeIs(1));
  EXPECT_EQ(sent(0).url, "https://tokens.example/");
  const auto exp = std::to_string(unix_ms(now()) / 1000 + 3600);
  const auto claims = crypto::base64url_encode(R"({"exp":)" + exp + "}");
  answer(0, 200, R"({"id_token":"e30.)" + claims + R"(.c2ln"})");
  ASSERT_THAT(transport_.sent, SizeIs(2));
  EXPECT_EQ(sent(1).url, "https://f.example/fn");
  answer(1, 200);
  EXPECT_EQ(results_.at(0)->attempt.outcome, Outcome::kSuccess);
}

TEST_F(TestRequestsTest, ReportsATokenThatIsRefused) {
  start(function(4));
  answer(0, 400, R"({"error":"invalid_grant"})");
  advance();
  ASSERT_THAT(results_, SizeIs(1));
  EXPECT_THAT(results_[0]->attempt.error, HasSubstr("token"));
  EXPECT_THAT(transport_.sent, SizeIs(1));
}

TEST_F(TestRequestsTest, RefusesTestsBeyondTheLimitOfAnEndpoint) {
  for (std::size_t i = 0; i < limits::kTestsPerEndpointMax; ++i) start(endpoint(1));
  EXPECT_THAT(results_, SizeIs(0));
  start(endpoint(1));
  ASSERT_THAT(results_, SizeIs(1));
  EXPECT_EQ(results_[0].error().code, Errc::kBusy);
  start(endpoint(2));
  EXPECT_THAT(transport_.sent, SizeIs(limits::kTestsPerEndpointMax + 1));
  answer(0, 200);
  start(endpoint(1));
  EXPECT_THAT(transport_.sent, SizeIs(limits::kTestsPerEndpointMax + 2));
}

TEST_F(TestRequestsTest, RefusesTestsBeyondTheLimitOfTheProcess) {
  for (std::size_t i = 0; i < limits::kTestsInFlightMax; ++i)
    start(endpoint(static_cast<std::int64_t>(i) + 1));
  start(endpoint(1000));
  ASSERT_THAT(results_, SizeIs(1));
  EXPECT_EQ(results_[0].error().code, Errc::kBusy);
}

TEST_F(TestRequestsTest, GivesATestUpThatTakesTooLongAndKeepsItsPlaceUntilItEnds) {
  start(endpoint(1));
  const Millis time = Millis{2000} + limits::kTestPrepareTime;
  EXPECT_EQ(tests_.idle_for(mono_now()), time);
  passed_ = time - Millis{1};
  advance();
  EXPECT_THAT(results_, SizeIs(0));
  passed_ = time;
  advance();
  ASSERT_THAT(results_, SizeIs(1));
  EXPECT_EQ(results_[0].error().code, Errc::kUnavailable);
  EXPECT_EQ(tests_.in_flight(), 1U);
  EXPECT_EQ(tests_.idle_for(mono_now()), std::nullopt);
  answer(0, 200);
  EXPECT_THAT(results_, SizeIs(1)) << "once";
  EXPECT_EQ(tests_.in_flight(), 0U);
}

TEST_F(TestRequestsTest, EndsAllWhenItIsAborted) {
  start(endpoint(1));
  Endpoint to = endpoint(2);
  to.config.transform = ".";
  start(std::move(to));
  tests_.abort({Errc::kUnavailable, 0, "the service is stopping"});
  EXPECT_THAT(results_, SizeIs(2));
  for (const auto& result : results_) EXPECT_EQ(result.error().code, Errc::kUnavailable);
  render(0, std::optional<std::string>{"{}"});
  EXPECT_THAT(transport_.sent, SizeIs(1)) << "what nobody waits for is not sent";
  answer(0, 200);
  EXPECT_THAT(results_, SizeIs(2));
  EXPECT_EQ(tests_.in_flight(), 0U);
}

}  // namespace
}  // namespace postrider::testing
