#include "engine/request.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "signing/scheme.h"

#include "tests/support/must.h"

namespace postrider {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);

class RequestTest : public ::testing::Test {
 protected:
  RequestTest() {
    auto event = std::make_shared<Event>();
    event->id = EventId{1};
    event->type = "order.created";
    event->tenant = "acme";
    event->data = R"({"total":10.50})";
    event->created_at = kNow;
    due_.event = std::move(event);
    due_.delivery.id = DeliveryId{2};
    endpoint_.config.url = "https://a.example/hook";
    endpoint_.secrets.push_back({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", kNow, std::nullopt});
  }

  [[nodiscard]] Request make(WallTime now = kNow) const {
    return testing::must(
        make_request(due_, endpoint_, {}, ids_, {.user_agent = "Postrider/test"}, now)
    );
  }
  /// As its receiver takes it.
  [[nodiscard]] Status verify(const Request& request, const std::string& secret, WallTime now) {
    signing::Headers headers;
    for (const std::string& line : request.headers) {
      const std::size_t colon = line.find(": ");
      headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    const Signature& signature = endpoint_.config.signature;
    return signing::find_scheme(signature.scheme)
        ->verify(secret, {.headers = headers, .body = request.body, .now = now}, signature.members);
  }

  const IdCodec ids_{7};
  DueDelivery due_;
  Endpoint endpoint_;
};

TEST_F(RequestTest, NamesTheEventTheDeliveryAndTheAttempt) {
  endpoint_.config.signature.scheme = "github";
  due_.delivery.attempts_count = 2;
  const auto headers = make().headers;
  EXPECT_THAT(headers, Contains("webhook-id: " + ids_.encode(EventId{1})));
  EXPECT_THAT(headers, Contains("webhook-timestamp: 1767225600"));
  EXPECT_THAT(headers, Contains("x-github-event: order.created"));
  EXPECT_THAT(headers, Contains("x-github-delivery: " + ids_.encode(DeliveryId{2})));
  EXPECT_THAT(headers, Contains("postrider-attempt: 3"));
}

TEST_F(RequestTest, AStoredSecretOrSchemeThatCannotSignIsAnErrorOfTheAttempt) {
  const auto reason = [&] {
    const auto made = make_request(due_, endpoint_, {}, ids_, {}, kNow);
    return made ? std::string{} : made.error().context;
  };
  endpoint_.secrets[0].value = "whsec_!";
  EXPECT_THAT(reason(), StartsWith("cannot sign: "));
  endpoint_.secrets.clear();
  EXPECT_EQ(reason(), "the endpoint has no valid secret");
  endpoint_.config.signature.scheme = "later";
  EXPECT_EQ(reason(), "unknown signature scheme later");
}

TEST_F(RequestTest, AClockBefore1970IsSentAs1970) {
  EXPECT_THAT(make(WallTime{} - Millis{1}).headers, Contains("webhook-timestamp: 0"));
}

TEST_F(RequestTest, ABodyThatASchemeWrapsIsJsonWhateverThePayload) {
  endpoint_.config.signature.scheme = "mailgun";
  endpoint_.config.payload = PayloadKind::kCloudEvents;
  const Request request = make();
  EXPECT_THAT(request.headers, Contains("content-type: application/json"));
  EXPECT_THAT(request.body, StartsWith(R"({"signature":{)"));
  EXPECT_THAT(request.body, HasSubstr(R"("event-data":{"specversion":"1.0",)"));
}

TEST_F(RequestTest, CloudEventsInBinaryModeAreSignedLikeAnyBody) {
  endpoint_.config.payload = PayloadKind::kCloudEventsBinary;
  const Request request = make();
  EXPECT_EQ(request.body, due_.event->data);
  EXPECT_THAT(request.headers, Contains("ce-type: order.created"));
  EXPECT_THAT(request.headers, Contains("content-type: application/json"));
  EXPECT_TRUE(verify(request, endpoint_.secrets.front().value, kNow));
}

TEST_F(RequestTest, BothSecretsOfARotationSignWhereThereIsRoomAndTheOldOneElsewhere) {
  const std::string old = endpoint_.secrets.front().value;
  const std::string next = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
  const WallTime end = kNow + Millis{1000};
  endpoint_.secrets.front().expires_at = end;
  endpoint_.secrets.insert(endpoint_.secrets.begin(), {next, kNow, std::nullopt});
  for (const auto& [scheme, holds_two] :
       {std::pair{"standard", true}, {"stripe", true}, {"github", false}, {"slack", false}}) {
    endpoint_.config.signature.scheme = scheme;
    EXPECT_TRUE(verify(make(kNow), old, kNow)) << scheme;
    EXPECT_EQ(verify(make(kNow), next, kNow).has_value(), holds_two) << scheme;
    EXPECT_FALSE(verify(make(end), old, end)) << scheme;
    EXPECT_TRUE(verify(make(end), next, end)) << scheme;
  }
}

TEST_F(RequestTest, NoneSignsNothing) {
  endpoint_.config.signature.scheme = "none";
  EXPECT_THAT(make().headers, Not(Contains(HasSubstr("signature"))));
}

}  // namespace
}  // namespace postrider
