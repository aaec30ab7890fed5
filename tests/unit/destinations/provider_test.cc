// What each kind of receiver is sent, and what its documented answers mean.
#include "destinations/provider.h"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace postrider::destinations {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;
using Type = DestinationType;

Event event_of(std::string data) {
  Event event;
  event.type = "order.created";
  event.data = std::move(data);
  event.created_at = parse_rfc3339("2026-01-01T00:00:00Z").value();
  return event;
}

EndpointConfig config_of(Type type, std::string url = "https://a.example/x") {
  EndpointConfig config;
  config.url = std::move(url);
  config.destination.type = type;
  return config;
}

Result<Content> content_of(
    const EndpointConfig& config, const Event& event, const std::vector<std::string>& outputs = {}
) {
  return content({event, "evt_1", config, outputs});
}

json body_of(Type type, const std::string& data, const std::vector<std::string>& outputs = {}) {
  const auto made = content_of(config_of(type), event_of(data), outputs);
  EXPECT_TRUE(made) << made.error().context;
  EXPECT_EQ(made->content_type, "application/json");
  return json::parse(made->body);
}

Response answer(int status, std::string body = {}) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

/// An answer and what it means; the table of the guide to destinations is checked by it.
struct Case {
  Type type;
  int status;
  const char* body;
  Verdict verdict;
  const char* reason;
};

constexpr const char* kDiscord429 =
    R"({"message":"You are being rate limited.","retry_after":1.337,"global":false})";

TEST(Provider, UnderstandsEachDocumentedAnswer) {
  const std::vector<Case> cases = {
      {Type::kSlack, 200, "ok", Verdict::kDelivered, ""},
      {Type::kSlack, 400, "invalid_payload", Verdict::kRejected, "Slack: invalid_payload"},
      {Type::kSlack, 400, "user_not_found", Verdict::kRejected, "Slack: user_not_found"},
      {Type::kSlack, 500, "no_text", Verdict::kRejected, "Slack: no_text"},
      {Type::kSlack,
       400,
       "too_many_attachments",
       Verdict::kRejected,
       "Slack: too_many_attachments"},
      {Type::kSlack, 400, "invalid_blocks\n", Verdict::kRejected, "Slack: invalid_blocks"},
      {Type::kSlack, 400, "invalid_attachments", Verdict::kRejected, "Slack: invalid_attachments"},
      {Type::kSlack, 413, "", Verdict::kRejected, ""},
      {Type::kSlack, 403, "action_prohibited", Verdict::kEndpointGone, "Slack: action_prohibited"},
      {Type::kSlack,
       403,
       "posting_to_general_channel_denied",
       Verdict::kEndpointGone,
       "Slack: posting_to_general_channel_denied"},
      {Type::kSlack, 200, "invalid_token", Verdict::kEndpointGone, "Slack: invalid_token"},
      {Type::kSlack, 403, "team_disabled", Verdict::kEndpointGone, "Slack: team_disabled"},
      {Type::kSlack, 404, "channel_not_found", Verdict::kEndpointGone, "Slack: channel_not_found"},
      {Type::kSlack, 404, "no_service", Verdict::kEndpointGone, "Slack: no_service"},
      {Type::kSlack, 404, "no_service_id", Verdict::kEndpointGone, "Slack: no_service_id"},
      {Type::kSlack, 404, "no_team", Verdict::kEndpointGone, "Slack: no_team"},
      {Type::kSlack, 404, "no_active_hooks", Verdict::kEndpointGone, "Slack: no_active_hooks"},
      {Type::kSlack,
       410,
       "channel_is_archived",
       Verdict::kEndpointGone,
       "Slack: channel_is_archived"},
      {Type::kSlack, 429, "rate_limited", Verdict::kThrottled, "Slack: rate_limited"},
      {Type::kSlack, 500, "rollup_error", Verdict::kRetry, "Slack: rollup_error"},
      {Type::kSlack, 302, "", Verdict::kRetry, ""},
      {Type::kDiscord, 200, "{}", Verdict::kDelivered, ""},
      {Type::kDiscord, 204, "", Verdict::kDelivered, ""},
      {Type::kDiscord,
       400,
       R"({"message":"Cannot send an empty message","code":50006})",
       Verdict::kRejected,
       "Discord: 50006 Cannot send an empty message"},
      {Type::kDiscord,
       400,
       R"({"message":"Invalid Form Body","code":50035})",
       Verdict::kRejected,
       "Discord: 50035 Invalid Form Body"},
      {Type::kDiscord,
       401,
       R"({"message":"Invalid Webhook Token","code":50027})",
       Verdict::kEndpointGone,
       "Discord: 50027 Invalid Webhook Token"},
      {Type::kDiscord, 403, "error code: 1015", Verdict::kRejected, ""},
      {Type::kDiscord,
       404,
       R"({"message":"Unknown Webhook","code":10015})",
       Verdict::kEndpointGone,
       "Discord: 10015 Unknown Webhook"},
      {Type::kDiscord,
       413,
       R"({"message":"Request entity too large","code":40005})",
       Verdict::kRejected,
       "Discord: 40005 Request entity too large"},
      {Type::kDiscord,
       429,
       kDiscord429,
       Verdict::kThrottled,
       "Discord: You are being rate limited."},
      {Type::kDiscord, 502, "", Verdict::kThrottled, ""},
      {Type::kDiscord, 500, "", Verdict::kRetry, ""},
      {Type::kZapier, 200, R"({"status":"success"})", Verdict::kDelivered, ""},
      {Type::kZapier, 404, "", Verdict::kEndpointGone, "Zapier: there is no such hook"},
      {Type::kZapier, 410, "", Verdict::kEndpointGone, "Zapier: there is no such hook"},
      {Type::kZapier, 429, "", Verdict::kThrottled, ""},
      {Type::kZapier, 400, "", Verdict::kRetry, ""},
      {Type::kIfttt, 200, "Congratulations! You've fired the x event", Verdict::kDelivered, ""},
      {Type::kIfttt,
       401,
       R"({"errors":[{"message":"You sent an invalid key."}]})",
       Verdict::kEndpointGone,
       "IFTTT: You sent an invalid key."},
      {Type::kIfttt, 429, "", Verdict::kThrottled, ""},
      {Type::kIfttt, 500, R"({"errors":[{"message":7}]})", Verdict::kRetry, ""},
      {Type::kAwsLambda, 202, "", Verdict::kDelivered, ""},
      {Type::kAwsLambda, 400, R"({"message":"no"})", Verdict::kRejected, "AWS Lambda: no"},
      {Type::kAwsLambda,
       403,
       R"({"Message":"Forbidden"})",
       Verdict::kEndpointGone,
       "AWS Lambda: Forbidden"},
      {Type::kAwsLambda, 413, "", Verdict::kRejected, ""},
      {Type::kAwsLambda, 422, "", Verdict::kRejected, ""},
      {Type::kAwsLambda,
       429,
       R"({"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"})",
       Verdict::kThrottled,
       ""},
      {Type::kAwsLambda, 502, "Internal Server Error", Verdict::kRetry, ""},
      {Type::kAwsLambda, 503, "", Verdict::kThrottled, ""},
      {Type::kGcpFunction, 200, "", Verdict::kDelivered, ""},
      {Type::kGcpFunction,
       401,
       "",
       Verdict::kEndpointGone,
       "Cloud Functions: the request carries no token that counts"},
      {Type::kGcpFunction,
       403,
       "",
       Verdict::kEndpointGone,
       "Cloud Functions: the caller may not invoke the function"},
      {Type::kGcpFunction,
       404,
       "",
       Verdict::kEndpointGone,
       "Cloud Functions: there is no such function"},
      {Type::kGcpFunction, 429, "", Verdict::kThrottled, ""},
      {Type::kGcpFunction, 500, "", Verdict::kRetry, ""},
      {Type::kGcpFunction, 503, "", Verdict::kThrottled, ""},
      {Type::kGcpFunction, 504, "", Verdict::kThrottled, ""},
  };
  for (const Case& c : cases) {
    const auto classification = provider_of(c.type).classify(answer(c.status, c.body), WallTime{});
    EXPECT_EQ(classification.verdict, c.verdict) << to_string(c.type) << c.status << c.body;
    EXPECT_EQ(classification.reason, c.reason) << to_string(c.type) << c.status << c.body;
  }
}

TEST(Provider, TriesAgainWhereNoAnswerCame) {
  Response lost;
  lost.failure = Response::Failure::kTimeout;
  lost.body = "channel_is_archived";
  for (const Type type :
       {Type::kWebhook,
        Type::kSlack,
        Type::kDiscord,
        Type::kZapier,
        Type::kIfttt,
        Type::kAwsLambda,
        Type::kGcpFunction}) {
    const auto classification = provider_of(type).classify(lost, WallTime{});
    EXPECT_EQ(classification.verdict, Verdict::kRetry);
    EXPECT_EQ(classification.outcome, Outcome::kTimeout);
  }
}

TEST(Provider, TakesUntrustedAnswersAsTheyCome) {
  for (const char* body :
       {"",
        "[]",
        "null",
        "{",
        R"({"message":{},"code":"x","errors":{}})",
        "\xff\xfe",
        R"({"retry_after":-1})",
        R"({"retry_after":1e300})"}) {
    for (const Type type : {Type::kSlack, Type::kDiscord, Type::kIfttt, Type::kAwsLambda}) {
      for (const int status : {200, 400, 401, 403, 404, 429, 500})
        static_cast<void>(provider_of(type).classify(answer(status, body), WallTime{}));
    }
  }
}

TEST(Slack, ShowsTheTypeAndTheDataAndEscapesItsMarkup) {
  const auto body =
      body_of(Type::kSlack, R"({"id":"ord_1","total":10.50,"note":"<b> & co","lines":[{"a": 1}]})");
  EXPECT_EQ(
      body,
      json(
          {{"text",
            "*order.created*\n• *id*: ord_1\n• *total*: 10.50\n• *note*: &lt;b&gt; &amp; co\n"
            "• *lines*: [{\"a\":1}]"}}
      )
  );
  EXPECT_EQ(body_of(Type::kSlack, "7")["text"], "*order.created*\n• 7");
}

TEST(Slack, TakesATextOrABodyFromATemplate) {
  EXPECT_EQ(body_of(Type::kSlack, "{}", {R"("paid!")"}), json({{"text", "paid!"}}));
  const auto blocks = R"({"blocks":[{"type":"section","text":{"type":"mrkdwn","text":"x"}}]})";
  EXPECT_EQ(body_of(Type::kSlack, "{}", {blocks}), json::parse(blocks));
  for (const char* output : {"7", "null", "[1]", "true"}) {
    const auto made = content_of(config_of(Type::kSlack), event_of("{}"), {output});
    ASSERT_FALSE(made) << output;
    EXPECT_THAT(made.error().context, HasSubstr("neither a string nor an object"));
  }
}

TEST(Slack, CutsWhatIsTooLongAndSaysSo) {
  const std::string text =
      body_of(Type::kSlack, "{}", {json(std::string(50'000, 'x')).dump()})["text"];
  EXPECT_EQ(text.size(), 40'000U + 2);  // the mark has one character of three bytes
  EXPECT_THAT(text, testing::EndsWith("… (cut)"));
  json blocks = {{"blocks", json::array()}};
  const json section = {{"type", "section"}, {"text", {{"text", std::string(4000, 'y')}}}};
  for (int i = 0; i < 60; ++i) blocks["blocks"].push_back(section);
  const auto cut = body_of(Type::kSlack, "{}", {blocks.dump()});
  EXPECT_EQ(cut["blocks"].size(), 50U);
  EXPECT_EQ(cut["blocks"][0]["text"]["text"].get<std::string>().size(), 3000U + 2);
  const std::string many =
      body_of(Type::kSlack, json{{"long", std::string(9000, 'z')}, {"b", 1}}.dump())["text"];
  EXPECT_THAT(many, HasSubstr("*b*: 1"));
  EXPECT_THAT(many, HasSubstr("zz… (cut)"));
}

TEST(Discord, ShowsTheTypeAndTheDataAndMentionsNobody) {
  const auto body = body_of(Type::kDiscord, R"({"who":"@everyone *x*","n":1})");
  EXPECT_EQ(
      body,
      json(
          {{"content", "**order.created**\n- **who**: \\@everyone \\*x\\*\n- **n**: 1"},
           {"allowed_mentions", {{"parse", json::array()}}}}
      )
  );
}

TEST(Discord, KeepsMentionsThatATemplateAsksFor) {
  const auto body =
      body_of(Type::kDiscord, "{}", {R"({"content":"x","allowed_mentions":{"users":["1"]}})"});
  EXPECT_EQ(body["allowed_mentions"], json::parse(R"({"users":["1"]})"));
}

TEST(Discord, CutsToItsLimits) {
  const std::string content =
      body_of(Type::kDiscord, "{}", {json(std::string(3000, 'x')).dump()})["content"];
  EXPECT_EQ(content.size(), 2000U + 2);
  json embed = {{"title", std::string(300, 't')}, {"description", std::string(5000, 'd')}};
  embed["fields"] = json::array();
  for (int i = 0; i < 30; ++i)
    embed["fields"].push_back({{"name", "n"}, {"value", std::string(2000, 'v')}});
  const json message = {{"embeds", json::array({embed, embed})}};
  const auto body = body_of(Type::kDiscord, "{}", {message.dump()});
  ASSERT_EQ(body["embeds"].size(), 1U);
  const auto& cut = body["embeds"][0];
  EXPECT_EQ(cut["title"].get<std::string>().size(), 256U + 2);
  EXPECT_EQ(cut["description"].get<std::string>().size(), 4096U + 2);
  std::size_t sum = 256 + 4096;
  for (const auto& field : cut["fields"]) {
    EXPECT_FALSE(field["value"].get<std::string>().empty());
    sum += 1 + field["value"].get<std::string>().size() - 2;
  }
  EXPECT_LE(sum, 6000U);
  EXPECT_GE(sum, 5900U);
}

TEST(Discord, CountsInUtf16AndNeverCutsACharacter) {
  std::string faces;
  for (int i = 0; i < 1500; ++i) faces += "\U0001F600";
  const std::string content = body_of(Type::kDiscord, "{}", {json(faces).dump()})["content"];
  EXPECT_EQ(content, faces.substr(0, 4 * 996) + "… (cut)");
}

TEST(Discord, WaitsForTheMessageToBeSaved) {
  const auto url_of = [](const char* url) {
    return provider_of(Type::kDiscord).url(config_of(Type::kDiscord, url));
  };
  EXPECT_EQ(url_of("https://d/api/webhooks/1/t"), "https://d/api/webhooks/1/t?wait=true");
  EXPECT_EQ(url_of("https://d/w?thread_id=1"), "https://d/w?thread_id=1&wait=true");
  EXPECT_EQ(url_of("https://d/w?thread_id=1&wait=false"), "https://d/w?thread_id=1&wait=false");
  EXPECT_THAT(
      provider_of(Type::kDiscord).user_agent("Postrider/1.2.3"),
      testing::MatchesRegex("DiscordBot \\(https://[^ ]+, 1\\.2\\.3\\)")
  );
}

TEST(Discord, WaitsAsLongAsTheLargestOfWhatItIsTold) {
  auto limited = answer(429, kDiscord429);
  const auto& discord = provider_of(Type::kDiscord);
  EXPECT_EQ(discord.classify(limited, WallTime{}).retry_after, Millis{1337});
  limited.retry_after = "2";
  EXPECT_EQ(discord.classify(limited, WallTime{}).retry_after, Millis{2000});
  limited.rate_limit.reset_after = "9.5";  // the other two override it
  EXPECT_EQ(discord.classify(limited, WallTime{}).retry_after, Millis{2000});
  auto bare = answer(429, "error code: 1015");
  bare.rate_limit.reset_after = "0.25";
  EXPECT_EQ(discord.classify(bare, WallTime{}).retry_after, Millis{250});
}

TEST(Discord, HoldsTheHostWhenTheLimitIsGlobal) {
  const auto& discord = provider_of(Type::kDiscord);
  EXPECT_FALSE(discord.classify(answer(429, kDiscord429), WallTime{}).throttles_host);
  EXPECT_TRUE(
      discord.classify(answer(429, R"({"retry_after":1,"global":true})"), WallTime{}).throttles_host
  );
  auto scoped = answer(429, kDiscord429);
  scoped.rate_limit.scope = "global";
  EXPECT_TRUE(discord.classify(scoped, WallTime{}).throttles_host);
  scoped.rate_limit.scope = "shared";
  EXPECT_FALSE(discord.classify(scoped, WallTime{}).throttles_host);
}

TEST(Discord, PausesAfterTheLastRequestOfALimit) {
  auto last = answer(200, "{}");
  last.rate_limit.remaining = "0";
  last.rate_limit.reset_after = "1.5";
  const auto classification = provider_of(Type::kDiscord).classify(last, WallTime{});
  EXPECT_EQ(classification.verdict, Verdict::kDelivered);
  EXPECT_EQ(classification.retry_after, Millis{1500});
  last.rate_limit.remaining = "1";
  EXPECT_EQ(provider_of(Type::kDiscord).classify(last, WallTime{}).retry_after, std::nullopt);
}

TEST(Ifttt, FillsTheThreeValues) {
  EXPECT_EQ(
      body_of(Type::kIfttt, R"({"id":"o1","n":2})"),
      json({{"value1", "order.created"}, {"value2", "id: o1\nn: 2"}, {"value3", "evt_1"}})
  );
  EXPECT_EQ(
      body_of(Type::kIfttt, "{}", {"7", R"("x")", R"({"a":1})"}),
      json({{"value1", 7}, {"value2", "x"}, {"value3", R"({"a":1})"}})
  );
}

TEST(Ifttt, SendsThePayloadAsItIsWhereTheUrlTakesJson) {
  const auto config = config_of(Type::kIfttt, "https://maker.ifttt.com/trigger/x/json/with/key/k");
  const auto made = content_of(config, event_of(R"({"n":1.0})"));
  ASSERT_TRUE(made);
  EXPECT_EQ(
      made->body,
      R"({"type":"order.created","timestamp":"2026-01-01T00:00:00.000Z","data":{"n":1.0}})"
  );
}

TEST(Destinations, SendTheOutputOfATransformAsItIs) {
  for (const Type type : {Type::kWebhook, Type::kSlack, Type::kAwsLambda}) {
    auto config = config_of(type);
    config.transform = ".data";
    const auto made = content_of(config, event_of("{}"), {R"({"a":1})"});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->body, R"({"a":1})");
    EXPECT_EQ(made->content_type, "application/json");
    EXPECT_THAT(programs_of(config), testing::ElementsAre(".data"));
  }
}

TEST(Destinations, AreNotSignedInChats) {
  for (const Type type :
       {Type::kWebhook, Type::kZapier, Type::kIfttt, Type::kAwsLambda, Type::kGcpFunction})
    EXPECT_TRUE(provider_of(type).is_signed());
  EXPECT_FALSE(provider_of(Type::kSlack).is_signed());
  EXPECT_FALSE(provider_of(Type::kDiscord).is_signed());
}

}  // namespace
}  // namespace postrider::destinations
