#include "domain/endpoint_json.h"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "domain/mask.h"

namespace postrider {
namespace {

using nlohmann::json;
using testing::HasSubstr;

EndpointConfig parse(const json& object, FieldErrors& errors) {
  return parse_endpoint_config(object, any_url(), {}, {}, errors);
}

/// `members` as the text of an object, with a URL.
json with_url(const std::string& members) {
  auto object = json::parse("{" + members + "}");
  object["url"] = "https://example.com/hook";
  return object;
}

EndpointConfig parse_good(const json& object) {
  FieldErrors errors;
  auto config = parse(object, errors);
  EXPECT_TRUE(errors.empty()) << object << errors.front().pointer << errors.front().detail;
  return config;
}

EndpointConfig patch(const EndpointConfig& current, const std::string& text, FieldErrors& errors) {
  return patch_endpoint_config(current, json::parse(text), any_url(), {}, {}, errors);
}

EndpointConfig patch_good(const EndpointConfig& current, const std::string& text) {
  FieldErrors errors;
  auto config = patch(current, text, errors);
  EXPECT_TRUE(errors.empty()) << text << errors.front().pointer << errors.front().detail;
  return config;
}

EndpointConfig full_config() {
  return parse_good(with_url(
      R"("description":"shop","metadata":{"team":"a"},"event_types":["order.*","user.created"],)"
      R"("channels":["eu"],"headers":{"Authorization":"Bearer abc","X-Foo":"1"},"payload":"raw",)"
      R"("retry":{"kind":"schedule","delays_ms":[0,1000,2000],"jitter":0},"timeout_ms":5000,)"
      R"("max_in_flight":1)"
  ));
}

TEST(EndpointJson, ReadsEveryMember) {
  const auto config = full_config();
  EXPECT_EQ(config.url, "https://example.com/hook");
  EXPECT_EQ(config.description, "shop");
  EXPECT_EQ(config.metadata, R"({"team":"a"})");
  EXPECT_THAT(config.event_types, testing::ElementsAre("order.*", "user.created"));
  EXPECT_THAT(config.channels, testing::ElementsAre("eu"));
  EXPECT_THAT(
      config.headers,
      testing::ElementsAre(
          testing::Pair("Authorization", "Bearer abc"), testing::Pair("X-Foo", "1")
      )
  );
  EXPECT_EQ(config.payload, PayloadKind::kRaw);
  ASSERT_TRUE(config.retry);
  EXPECT_THAT(config.retry->delays, testing::ElementsAre(Millis{1000}, Millis{2000}));
  EXPECT_EQ(config.retry->jitter, 0.0);
  EXPECT_EQ(config.timeout, Millis{5000});
  EXPECT_EQ(config.max_in_flight, 1);
}

TEST(EndpointJson, TakesNullAndLeftOutAsTheDefault) {
  EndpointConfig expected;
  expected.url = "https://example.com/hook";
  EXPECT_EQ(parse_good(with_url("")), expected);
  EXPECT_EQ(
      parse_good(with_url(
          R"("description":null,"metadata":null,"event_types":null,)"
          R"("channels":null,"headers":null,)"
          R"("payload":null,"retry":null,"timeout_ms":null,"max_in_flight":null,"filter":null,)"
          R"("transform":null,"rate_limit":null,"ordering":null,"signature":null,)"
          R"("destination":null)"
      )),
      expected
  );
}

TEST(EndpointJson, NamesTheMemberThatIsWrong) {
  struct Case {
    const char* members;
    const char* pointer;
  };
  const Case table[] = {
      {R"("description":1)", "/description"},
      {R"("metadata":[])", "/metadata"},
      {R"("metadata":{"a":1})", "/metadata/a"},
      {R"("metadata":{"a/b":null})", "/metadata/a~1b"},
      {R"("event_types":"order.*")", "/event_types"},
      {R"("event_types":["a","b",7])", "/event_types/2"},
      {R"("event_types":["a","b","c d"])", "/event_types/2"},
      {R"("event_types":["*"])", "/event_types/0"},
      {R"("event_types":["a*"])", "/event_types/0"},
      {R"("event_types":["*.created"])", "/event_types/0"},
      {R"("event_types":["a.*.b"])", "/event_types/0"},
      {R"("event_types":["a..*"])", "/event_types/0"},
      {R"("event_types":[".*"])", "/event_types/0"},
      {R"("channels":["a",""])", "/channels/1"},
      {R"("channels":{})", "/channels"},
      {R"("headers":[])", "/headers"},
      {R"("headers":{"X-Foo":1})", "/headers/X-Foo"},
      {R"("headers":{"X-Foo":""})", "/headers/X-Foo"},
      {R"("headers":{"X-Foo":"a\r\nb: c"})", "/headers/X-Foo"},
      {R"("headers":{"X-Foo":"a\tb"})", "/headers/X-Foo"},
      {R"("headers":{"X-Foo":"caf\u00e9"})", "/headers/X-Foo"},
      {R"("headers":{"X-Foo":" a"})", "/headers/X-Foo"},
      {R"("headers":{"X Foo":"a"})", "/headers/X Foo"},
      {R"("headers":{"X:":"a"})", "/headers/X:"},
      {R"("headers":{"":"a"})", "/headers/"},
      {R"("headers":{"X-Foo":"a","x-foo":"b"})", "/headers/x-foo"},
      {R"("headers":{"Host":"a"})", "/headers/Host"},
      {R"("headers":{"CONTENT-Type":"a"})", "/headers/CONTENT-Type"},
      {R"("headers":{"content-length":"1"})", "/headers/content-length"},
      {R"("headers":{"Webhook-Id":"a"})", "/headers/Webhook-Id"},
      {R"("headers":{"postrider-attempt":"a"})", "/headers/postrider-attempt"},
      {R"("headers":{"Connection":"close"})", "/headers/Connection"},
      {R"("headers":{"transfer-encoding":"chunked"})", "/headers/transfer-encoding"},
      {R"("headers":{"TE":"trailers"})", "/headers/TE"},
      {R"("headers":{"Expect":"100-continue"})", "/headers/Expect"},
      {R"("headers":{"User-Agent":"x"})", "/headers/User-Agent"},
      {R"("headers":{"Authorization":"********"})", "/headers/Authorization"},
      {R"("payload":"xml")", "/payload"},
      {R"("payload":0)", "/payload"},
      {R"("retry":[])", "/retry"},
      {R"("retry":{"kind":"linear"})", "/retry/kind"},
      {R"("retry":{"delays_ms":5})", "/retry/delays_ms"},
      {R"("retry":{"delays_ms":[1,2,3,-4]})", "/retry/delays_ms/3"},
      {R"("retry":{"delays_ms":[0,604800001]})", "/retry/delays_ms/1"},
      {R"("retry":{"delays_ms":[1.5]})", "/retry/delays_ms/0"},
      {R"("retry":{"delays_ms":[18446744073709551615]})", "/retry/delays_ms/0"},
      {R"("retry":{"jitter":1.1})", "/retry/jitter"},
      {R"("retry":{"jitter":"0"})", "/retry/jitter"},
      {R"("retry":{"factor":2})", "/retry/factor"},
      {R"("retry":{"kind":"exponential","delays_ms":[]})", "/retry/delays_ms"},
      {R"("retry":{"kind":"exponential","factor":0.5})", "/retry/factor"},
      {R"("retry":{"kind":"exponential","initial_ms":0})", "/retry/initial_ms"},
      {R"("retry":{"kind":"exponential","max_ms":0})", "/retry/max_ms"},
      {R"("retry":{"kind":"exponential","initial_ms":2,"max_ms":1})", "/retry/initial_ms"},
      {R"("retry":{"kind":"exponential","max_attempts":0})", "/retry/max_attempts"},
      {R"("retry":{"kind":"exponential","max_attempts":101})", "/retry/max_attempts"},
      {R"("timeout_ms":999)", "/timeout_ms"},
      {R"("timeout_ms":60001)", "/timeout_ms"},
      {R"("timeout_ms":1000.5)", "/timeout_ms"},
      {R"("timeout_ms":"5000")", "/timeout_ms"},
      {R"("max_in_flight":0)", "/max_in_flight"},
      {R"("max_in_flight":1001)", "/max_in_flight"},
      {R"("max_in_flight":true)", "/max_in_flight"},
      {R"("ordering":"keys")", "/ordering"},
      {R"("ordering":true)", "/ordering"},
      {R"("timeout":5)", "/timeout"},
      {R"("secret":"x")", "/secret"},
  };
  for (const auto& [members, pointer] : table) {
    FieldErrors errors;
    static_cast<void>(parse(with_url(members), errors));  // the errors are what is looked at
    ASSERT_EQ(errors.size(), 1U) << members;
    EXPECT_EQ(errors[0].pointer, pointer) << members << errors[0].detail;
  }
}

TEST(EndpointJson, KeepsItsSignature) {
  const auto config = parse_good(with_url(
      R"("signature":{"scheme":"github","sha1":true,"x":"kept for others to classify","y":null})"
  ));
  const Signature expected{
      .scheme = "github", .members = {{"sha1", true}, {"x", "kept for others to classify"}}};
  EXPECT_EQ(config.signature, expected);
  const auto read_back = decode_endpoint_config(encode_endpoint_config(config));
  ASSERT_TRUE(read_back);
  EXPECT_EQ(read_back->signature, expected);
}

TEST(EndpointJson, KeepsItsOrdering) {
  for (const auto& [name, ordering] : std::vector<std::pair<std::string, Ordering>>{
           {"none", Ordering::kNone}, {"key", Ordering::kKey}, {"strict", Ordering::kStrict}}) {
    const auto config = parse_good(with_url("\"ordering\":\"" + name + "\""));
    EXPECT_EQ(config.ordering, ordering);
    EXPECT_EQ(decode_endpoint_config(encode_endpoint_config(config))->ordering, ordering);
    EXPECT_EQ(endpoint_config_view(config, {})["ordering"], name);
  }
}

TEST(EndpointJson, ReadsARateLimitAndNamesWhatIsWrongWithIt) {
  const auto config = parse_good(with_url(R"("rate_limit":{"limit":100,"period_ms":3600000})"));
  EXPECT_EQ(config.rate_limit, (RateLimit{100, Millis{3'600'000}}));
  EXPECT_EQ(decode_endpoint_config(encode_endpoint_config(config)), config);
  EXPECT_EQ(endpoint_config_view(config, {})["rate_limit"]["limit"], 100);
  const std::pair<const char*, const char*> table[] = {
      {R"("rate_limit":5)", "/rate_limit"},
      {R"("rate_limit":{"limit":1})", "/rate_limit/period_ms"},
      {R"("rate_limit":{"period_ms":1,"limit":null})", "/rate_limit/limit"},
      {R"("rate_limit":{"limit":0,"period_ms":1000})", "/rate_limit/limit"},
      {R"("rate_limit":{"limit":10001,"period_ms":1000})", "/rate_limit/limit"},
      {R"("rate_limit":{"limit":1,"period_ms":0})", "/rate_limit/period_ms"},
      {R"("rate_limit":{"limit":1,"period_ms":3600001})", "/rate_limit/period_ms"},
      {R"("rate_limit":{"limit":1,"period_ms":1,"burst":2})", "/rate_limit/burst"},
  };
  for (const auto& [members, pointer] : table) {
    FieldErrors errors;
    static_cast<void>(parse(with_url(members), errors));  // the errors are what is looked at
    ASSERT_EQ(errors.size(), 1U) << members;
    EXPECT_EQ(errors[0].pointer, pointer) << members;
  }
}

TEST(EndpointJson, NeedsAUrlThatPassesTheCheck) {
  const std::vector<std::pair<json, std::string>> table = {
      {json::object(), "is required"},
      {{{"url", nullptr}}, "is required"},
      {{{"url", ""}}, "2048"},
      {{{"url", 5}}, "2048"},
      {{{"url", std::string(2049, 'a')}}, "2048"},
      {{{"url", "ftp://x"}}, "scheme"},
      {json::array(), "object"},
  };
  const UrlCheck check = [](const std::string& url) -> Status {
    if (url == "ftp://x") return fail(Errc::kInvalidArgument, "has the wrong scheme");
    return {};
  };
  for (const auto& [object, detail] : table) {
    FieldErrors errors;
    static_cast<void>(parse_endpoint_config(object, check, {}, {}, errors)
    );  // the errors are what is looked at
    ASSERT_EQ(errors.size(), 1U) << object;
    EXPECT_THAT(errors[0].detail, HasSubstr(detail));
  }
}

TEST(EndpointJson, LeavesMembersAloneThatTheCallerTook) {
  const std::vector<std::string_view> taken = {"tenant", "secret"};
  FieldErrors errors;
  const auto object = with_url(R"("tenant":"acme","secret":5,"state":"active")");
  static_cast<void>(parse_endpoint_config(object, any_url(), {}, taken, errors)
  );  // only the errors matter
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].pointer, "/state");
}

TEST(EndpointJson, BoundsItsLists) {
  const auto size = [](const char* member, const json& item, std::size_t count) {
    auto object = with_url("");
    for (std::size_t i = 0; i < count; ++i) object[member].push_back(item);
    FieldErrors errors;
    static_cast<void>(parse(object, errors));  // the errors are what is looked at
    return errors.size();
  };
  EXPECT_EQ(size("event_types", "a", 256), 0U);
  EXPECT_EQ(size("event_types", "a", 257), 1U);
  EXPECT_EQ(size("channels", "a", 16), 0U);
  EXPECT_EQ(size("channels", "a", 17), 1U);
  const auto headers = [](std::size_t count) {
    auto object = with_url("");
    for (std::size_t i = 0; i < count; ++i) object["headers"]["X-" + std::to_string(i)] = "v";
    FieldErrors errors;
    static_cast<void>(parse(object, errors));  // the errors are what is looked at
    return errors.size();
  };
  EXPECT_EQ(headers(32), 0U);
  EXPECT_EQ(headers(33), 1U);
  const auto delays = [](std::size_t count, int first) {
    auto object = with_url("");
    object["retry"]["delays_ms"].push_back(first);
    for (std::size_t i = 1; i < count; ++i) object["retry"]["delays_ms"].push_back(1);
    FieldErrors errors;
    static_cast<void>(parse(object, errors));  // the errors are what is looked at
    return errors.size();
  };
  EXPECT_EQ(delays(99, 1), 0U);
  EXPECT_EQ(delays(100, 0), 0U);
  EXPECT_EQ(delays(100, 1), 1U);
}

TEST(EndpointJson, FillsTheRetryPolicyWithTheValuesShown) {
  EXPECT_EQ(parse_good(with_url(R"("retry":{})")).retry, default_retry_policy());
  EXPECT_EQ(parse_good(with_url(R"("retry":{"delays_ms":null})")).retry, default_retry_policy());
  RetryPolicy exponential;
  exponential.kind = RetryPolicy::Kind::kExponential;
  EXPECT_EQ(parse_good(with_url(R"("retry":{"kind":"exponential"})")).retry, exponential);
  exponential.attempts_max = 3;
  exponential.factor = 2.0;
  EXPECT_EQ(
      parse_good(with_url(R"("retry":{"kind":"exponential","max_attempts":3,"factor":2})")).retry,
      exponential
  );
  EXPECT_EQ(attempts_in_all(*parse_good(with_url(R"("retry":{"delays_ms":[]})")).retry), 1);
}

TEST(EndpointJson, DropsOnlyALeadingZeroDelay) {
  const auto delays = [](const char* list) {
    return parse_good(with_url(R"("retry":{"delays_ms":)" + std::string{list} + "}")).retry->delays;
  };
  EXPECT_THAT(delays("[0,5]"), testing::ElementsAre(Millis{5}));
  EXPECT_THAT(delays("[0]"), testing::ElementsAre());
  EXPECT_THAT(delays("[0,0,5]"), testing::ElementsAre(Millis{0}, Millis{5}));
  EXPECT_THAT(delays("[5,0]"), testing::ElementsAre(Millis{5}, Millis{0}));
}

TEST(EndpointJson, UsesTheServicesScheduleForDelaysLeftOut) {
  EndpointDefaults defaults;
  defaults.retry.delays = {Millis{7}};
  FieldErrors errors;
  const auto config =
      parse_endpoint_config(with_url(R"("retry":{"jitter":0.5})"), any_url(), defaults, {}, errors);
  EXPECT_THAT(config.retry->delays, testing::ElementsAre(Millis{7}));
}

TEST(EndpointJson, StoresAndReadsBackTheSame) {
  auto exponential = full_config();
  exponential.retry->kind = RetryPolicy::Kind::kExponential;
  exponential.retry->delays.clear();
  exponential.retry->factor = 1.7;
  for (const auto& config : {full_config(), parse_good(with_url("")), exponential}) {
    const auto read = decode_endpoint_config(encode_endpoint_config(config));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, config);
  }
}

TEST(EndpointJson, StoresOnlyWhatIsNotADefault) {
  EXPECT_EQ(
      encode_endpoint_config(parse_good(with_url(""))), R"({"url":"https://example.com/hook"})"
  );
}

TEST(EndpointJson, TellsADamagedColumn) {
  for (const char* text : {"", "{", "[]", "{}", R"({"url":"x","timeout_ms":1})"}) {
    const auto config = decode_endpoint_config(text);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code, Errc::kCorrupt);
  }
}

TEST(EndpointView, ShowsEveryMemberWithItsDefault) {
  EXPECT_EQ(
      endpoint_config_view(parse_good(with_url("")), {}),
      json::parse(
          R"({"url":"https://example.com/hook","description":"","metadata":{},"event_types":[],)"
          R"("channels":[],"headers":{},"payload":"envelope","retry":{"kind":"schedule",)"
          R"("delays_ms":[5000,300000,1800000,7200000,18000000,36000000,)"
          R"(50400000,72000000,86400000],)"
          R"("jitter":0.2},"timeout_ms":15000,"max_in_flight":32,"ordering":"none",)"
          R"("filter":null,"transform":null,"rate_limit":null,"signature":{"scheme":"standard"},)"
          R"("destination":{"type":"webhook"}})"
      )
  );
}

TEST(EndpointView, HidesCredentialsAndNothingElse) {
  const auto config = parse_good(with_url(
      R"("headers":{"Authorization":"s1","X-Api-Key":"s2","Cookie":"s3","X-Auth-Token":"s4",)"
      R"("X-Source":"shop"})"
  ));
  const auto view = endpoint_config_view(config, {});
  for (const char* name : {"Authorization", "X-Api-Key", "Cookie", "X-Auth-Token"})
    EXPECT_EQ(view["headers"][name], std::string{kMask}) << name;
  EXPECT_EQ(view["headers"]["X-Source"], "shop");
}

TEST(EndpointPatch, ReadsIntegersThatAreWrittenWithAFraction) {
  EXPECT_EQ(
      patch_good(full_config(), R"({"timeout_ms":2000.0,"max_in_flight":1e1})"),
      patch_good(full_config(), R"({"timeout_ms":2000,"max_in_flight":10})")
  );
}

TEST(EndpointPatch, KeepsWhatIsLeftOut) {
  EXPECT_EQ(patch_good(full_config(), "{}"), full_config());
  auto expected = full_config();
  expected.timeout = Millis{1000};
  EXPECT_EQ(patch_good(full_config(), R"({"timeout_ms":1000})"), expected);
}

TEST(EndpointPatch, TakesNullAsTheDefault) {
  EndpointConfig expected;
  expected.url = "https://example.com/hook";
  EXPECT_EQ(
      patch_good(
          full_config(),
          R"({"description":null,"metadata":null,"event_types":null,)"
          R"("channels":null,"headers":null,)"
          R"("payload":null,"retry":null,"timeout_ms":null,"max_in_flight":null,"filter":null})"
      ),
      expected
  );
  FieldErrors errors;
  static_cast<void>(patch(full_config(), R"({"url":null})", errors)
  );  // the errors are what is looked at
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].pointer, "/url");
}

TEST(EndpointPatch, RefusesANullOfAnUnknownName) {
  FieldErrors errors;
  static_cast<void>(patch(full_config(), R"({"discription":null})", errors)
  );  // the errors are what is looked at
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].pointer, "/discription");
}

TEST(EndpointPatch, MergesObjectsAndReplacesLists) {
  const auto config = patch_good(
      full_config(),
      R"({"metadata":{"team":null,"env":"prod"},"headers":{"X-Bar":"2"},"event_types":["x"],)"
      R"("retry":{"jitter":0.5}})"
  );
  EXPECT_EQ(config.metadata, R"({"env":"prod"})");
  EXPECT_EQ(config.headers.size(), 3U);
  EXPECT_THAT(config.event_types, testing::ElementsAre("x"));
  EXPECT_EQ(config.retry->jitter, 0.5);
  EXPECT_EQ(config.retry->delays.size(), 2U);
}

TEST(EndpointPatch, OfAViewChangesNothing) {
  const auto view = endpoint_config_view(full_config(), {});
  FieldErrors errors;
  EXPECT_EQ(patch_endpoint_config(full_config(), view, any_url(), {}, {}, errors), full_config());
  EXPECT_TRUE(errors.empty());
}

TEST(EndpointPatch, KeepsAHiddenValueThatComesBackMasked) {
  const auto kept = patch_good(full_config(), R"({"headers":{"authorization":"********"}})");
  EXPECT_EQ(kept.headers, full_config().headers);
  const auto changed = patch_good(full_config(), R"({"headers":{"authorization":"Bearer new"}})");
  EXPECT_THAT(
      changed.headers,
      testing::UnorderedElementsAre(
          testing::Pair("authorization", "Bearer new"), testing::Pair("X-Foo", "1")
      )
  );
  const auto removed = patch_good(full_config(), R"({"headers":{"AUTHORIZATION":null}})");
  EXPECT_THAT(removed.headers, testing::ElementsAre(testing::Pair("X-Foo", "1")));
  FieldErrors errors;
  static_cast<void>(patch(full_config(), R"({"headers":{"X-Token":"********"}})", errors)
  );  // only the errors
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].pointer, "/headers/X-Token");
}

TEST(EndpointPatch, ReplacesAPolicyOfAnotherKind) {
  const auto config =
      patch_good(full_config(), R"({"retry":{"kind":"exponential","max_attempts":2}})");
  EXPECT_EQ(config.retry->kind, RetryPolicy::Kind::kExponential);
  EXPECT_EQ(config.retry->attempts_max, 2);
  EXPECT_TRUE(config.retry->delays.empty());
}

TEST(EndpointPatch, IsHeldToTheSameRules) {
  for (const auto& [text, pointer] : std::vector<std::pair<std::string, std::string>>{
           {R"({"headers":{"Host":"a"}})", "/headers/Host"},
           {R"({"headers":5})", "/headers"},
           {R"({"metadata":{"a":{"b":1}}})", "/metadata/a"},
           {R"({"unknown":1})", "/unknown"},
           {R"({"unknown":{"a":1}})", "/unknown"},
           {R"({"signature":"github"})", "/signature"},
           {R"({"signature":{"scheme":null}})", "/signature/scheme"},
           {R"({"signature":{"sha1":1}})", "/signature/sha1"},
           {R"([])", ""}}) {
    FieldErrors errors;
    static_cast<void>(patch(full_config(), text, errors));  // the errors are what is looked at
    ASSERT_EQ(errors.size(), 1U) << text;
    EXPECT_EQ(errors[0].pointer, pointer);
  }
}

}  // namespace
}  // namespace postrider
