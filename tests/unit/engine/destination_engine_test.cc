// What destinations ask of the engine: tokens, holds of a host, answers that decide for good.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/encoding.h"
#include "crypto/keys.h"

#include "tests/unit/engine/engine_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DestinationEngineTest : public EngineTest {
 protected:
  static const std::string& key() {
    static const std::string kPem = crypto::PrivateKey::generate(crypto::KeyKind::kRsa).pem();
    return kPem;
  }

  /// Endpoints of this type share the host http://receiver.
  void put(std::int64_t id, DestinationType type) {
    Endpoint endpoint = make_endpoint(id);
    endpoint.config.destination.type = type;
    put_endpoint(std::move(endpoint));
  }
  void put_function(std::int64_t id) {
    Endpoint endpoint = make_endpoint(id);
    endpoint.config.url = "https://f.example/fn";
    endpoint.config.destination.type = DestinationType::kGcpFunction;
    endpoint.config.destination.oidc =
        OidcAuth{{"me@project", key(), "", "https://tokens.example/"}, "", ""};
    put_endpoint(std::move(endpoint));
  }

  [[nodiscard]] const Request& request(std::size_t index) const {
    return transport_.sent.at(index).second;
  }
  [[nodiscard]] Completion answer_body(std::size_t index, int status, std::string body) {
    auto completion = answer(index, status);
    completion.response.body = std::move(body);
    return completion;
  }
  [[nodiscard]] Completion token_answer(std::size_t index, const std::string& name) {
    const auto exp = std::to_string(unix_ms(now()) / 1000 + 3600);
    const auto claims = crypto::base64url_encode(R"({"exp":)" + exp + R"(,"n":")" + name + "\"}");
    return answer_body(index, 200, R"({"id_token":"e30.)" + claims + R"(.c2ln"})");
  }
  [[nodiscard]] const Settlement& last() const { return sink_.settlements.back(); }
};

TEST_F(DestinationEngineTest, AsksForATokenOnceAndSendsItWithEveryRequest) {
  put_function(1);
  commit(1);
  commit(2);
  tick();
  tick();
  ASSERT_EQ(sent_count(), 1U);
  EXPECT_EQ(request(0).url, "https://tokens.example/");
  EXPECT_THAT(request(0).body, StartsWith("grant_type="));
  EXPECT_THAT(request(0).headers, Contains("content-type: application/x-www-form-urlencoded"));
  tick({token_answer(0, "a")});
  ASSERT_EQ(sent_count(), 3U);
  for (const std::size_t index : {1U, 2U}) {
    EXPECT_EQ(request(index).url, "https://f.example/fn");
    EXPECT_THAT(request(index).headers, Contains(StartsWith("authorization: Bearer e30.")));
  }
  tick({answer(1, 200)});
  EXPECT_EQ(last().verdict, Verdict::kDelivered);
  settle();
  commit(3);
  tick();
  EXPECT_EQ(sent_count(), 4U) << "the token is kept";
}

TEST_F(DestinationEngineTest, RenewsTheTokenSomeMinutesBeforeItExpires) {
  put_function(1);
  commit(1);
  tick();
  tick({token_answer(0, "a")});
  tick({answer(1, 200)});
  settle();
  passed_ += std::chrono::minutes{54};
  commit(2);
  tick();
  EXPECT_EQ(request(2).url, "https://f.example/fn");
  passed_ += std::chrono::minutes{2};
  commit(3);
  tick();
  EXPECT_EQ(request(3).url, "https://tokens.example/");
}

TEST_F(DestinationEngineTest, RenewsARefusedTokenOnceAndThenBelievesTheRefusal) {
  put_function(1);
  commit(1);
  tick();
  tick({token_answer(0, "a")});
  tick({answer(1, 401)});
  ASSERT_EQ(sent_count(), 3U);
  EXPECT_EQ(request(2).url, "https://tokens.example/");
  EXPECT_TRUE(sink_.settlements.empty()) << "it is the same attempt";
  tick({token_answer(2, "b")});
  EXPECT_NE(request(3).headers, request(1).headers);
  tick({answer(3, 401)});
  ASSERT_EQ(sink_.settlements.size(), 1U);
  EXPECT_EQ(last().verdict, Verdict::kEndpointGone);
  EXPECT_THAT(last().attempt.error, HasSubstr("no token that counts"));
}

TEST_F(DestinationEngineTest, TriesAgainWhenThereIsNoToken) {
  put_function(1);
  commit(1);
  commit(2);
  tick();
  tick();
  tick({answer_body(
      0, 400, R"({"error":"invalid_grant","error_description":"Invalid JWT Signature."})"
  )});
  tick();
  ASSERT_EQ(sink_.settlements.size(), 2U);
  for (const auto& settlement : sink_.settlements) {
    EXPECT_EQ(settlement.verdict, Verdict::kRetry);
    EXPECT_EQ(settlement.attempt.outcome, Outcome::kHttpError);
    EXPECT_EQ(settlement.attempt.status, 0);
    EXPECT_EQ(
        settlement.attempt.error,
        "no token for the function: it answered 400, invalid_grant: Invalid JWT Signature."
    );
  }
}

TEST_F(DestinationEngineTest, TellsWhyTheTokenEndpointWasNotReached) {
  put_function(1);
  commit(1);
  tick();
  auto lost = answer(0, 0);
  lost.response.failure = Response::Failure::kBlocked;
  lost.response.error = "the address is private";
  tick({lost});
  tick();
  ASSERT_EQ(sink_.settlements.size(), 1U);
  EXPECT_EQ(last().attempt.outcome, Outcome::kBlocked);
  EXPECT_EQ(last().attempt.error, "no token for the function: the address is private");
}

TEST_F(DestinationEngineTest, LeavesAHostAloneThatAsksForItAsAWhole) {
  put(1, DestinationType::kDiscord);
  put(2, DestinationType::kDiscord);
  commit(1, 1);
  tick();
  ASSERT_EQ(sent_count(), 1U);
  tick({answer_body(0, 429, R"({"message":"x","retry_after":1.5,"global":true})")});
  commit(2, 2);
  tick();
  EXPECT_EQ(sent_count(), 1U) << "another endpoint of that host";
  EXPECT_EQ(engine_.idle_for(now(), mono_now()), Millis{1500});
  passed_ += Millis{1500};
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

TEST_F(DestinationEngineTest, LeavesOnlyTheEndpointAloneForALimitOfItsOwn) {
  put(1, DestinationType::kDiscord);
  put(2, DestinationType::kDiscord);
  commit(1, 1);
  tick();
  tick({answer_body(0, 429, R"({"message":"x","retry_after":1.5,"global":false})")});
  commit(2, 2);
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

TEST_F(DestinationEngineTest, PausesAfterTheLastRequestThatALimitAllows) {
  put(1, DestinationType::kDiscord);
  commit(1);
  tick();
  auto last_allowed = answer(0, 200);
  last_allowed.response.rate_limit = {"0", "0.75", "", ""};
  tick({last_allowed});
  EXPECT_EQ(last().verdict, Verdict::kDelivered);
  settle();
  commit(2);
  tick();
  EXPECT_EQ(sent_count(), 1U);
  passed_ += Millis{750};
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

TEST_F(DestinationEngineTest, EndsAMessageThatTheReceiverWillNeverTake) {
  put(1, DestinationType::kSlack);
  commit(1);
  tick();
  tick({answer_body(0, 400, "invalid_blocks")});
  EXPECT_EQ(last().next, NextState{Dead{DeadReason::kRejected}});
  EXPECT_EQ(last().attempt.outcome, Outcome::kRejected);
  EXPECT_EQ(last().attempt.error, "Slack: invalid_blocks");
  settle();
  commit(2);
  tick();
  EXPECT_EQ(sent_count(), 2U) << "the endpoint goes on";
}

TEST_F(DestinationEngineTest, SignsForLambdaAnewAtEachAttempt) {
  Endpoint endpoint = make_endpoint(1);
  endpoint.config.destination.type = DestinationType::kAwsLambda;
  endpoint.config.destination.sigv4 = SigV4Auth{{"AKID", "hush", "token"}, "eu-west-1"};
  put_endpoint(std::move(endpoint));
  commit(1);
  tick();
  EXPECT_THAT(
      request(0).headers,
      Contains(StartsWith(
          "authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/lambda/aws4_request"
      ))
  );
  EXPECT_THAT(request(0).headers, Contains("x-amz-security-token: token"));
  EXPECT_THAT(request(0).headers, Contains(StartsWith("webhook-signature: v1,")));
  tick({answer(0, 500)});
  settle();
  passed_ += Millis{1000};
  tick();
  ASSERT_EQ(sent_count(), 2U);
  EXPECT_NE(request(0).headers, request(1).headers);
}

}  // namespace
}  // namespace postrider::testing
