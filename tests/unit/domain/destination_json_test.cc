#include "domain/destination_json.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "domain/mask.h"

namespace postrider {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kSigV4 =
    R"({"type":"aws_lambda","auth":{"kind":"sigv4","access_key_id":"AKID",)"
    R"("secret_access_key":"hush","session_token":"tok","region":"eu-west-1"}})";
constexpr const char* kOidc =
    R"({"type":"gcp_function","auth":{"kind":"oidc","service_account":{"type":"service_account",)"
    R"("client_email":"a@b","private_key":"PEM","private_key_id":"k1",)"
    R"("token_uri":"https://t.example/"},"audience":"aud","token_url":"https://u.example/"}})";

EndpointConfig config_of(const std::string& destination, FieldErrors& errors) {
  json object = {{"url", "https://a.example/x?y=1"}, {"destination", json::parse(destination)}};
  return parse_endpoint_config(object, any_url(), {}, {}, errors);
}

EndpointConfig config_of(const std::string& destination) {
  FieldErrors errors;
  auto config = config_of(destination, errors);
  EXPECT_TRUE(errors.empty()) << errors.front().pointer << " " << errors.front().detail;
  return config;
}

EndpointConfig patched(const EndpointConfig& config, const std::string& patch) {
  FieldErrors errors;
  auto changed = patch_endpoint_config(config, json::parse(patch), any_url(), {}, {}, errors);
  EXPECT_TRUE(errors.empty()) << errors.front().pointer << " " << errors.front().detail;
  return changed;
}

TEST(DestinationJson, ReadsTheMembersOfEachType) {
  EXPECT_EQ(config_of(R"({"type":"webhook"})").destination, Destination{});
  const auto slack = config_of(R"({"type":"slack","template":".type"})").destination;
  EXPECT_EQ(slack.type, DestinationType::kSlack);
  EXPECT_EQ(slack.message_template, ".type");
  const auto ifttt = config_of(R"({"type":"ifttt","values":[".id",".type"]})").destination;
  EXPECT_THAT(ifttt.values, ElementsAre(".id", ".type"));
  const auto lambda = config_of(kSigV4).destination;
  ASSERT_TRUE(lambda.sigv4);
  EXPECT_EQ(*lambda.sigv4, (SigV4Auth{{"AKID", "hush", "tok"}, "eu-west-1"}));
  const auto function = config_of(kOidc).destination;
  ASSERT_TRUE(function.oidc);
  EXPECT_EQ(
      *function.oidc,
      (OidcAuth{{"a@b", "PEM", "k1", "https://t.example/"}, "aud", "https://u.example/"})
  );
  for (const char* type : {"zapier", "aws_lambda", "gcp_function", "discord"})
    EXPECT_EQ(to_string(config_of(json{{"type", type}}.dump()).destination.type), type);
}

TEST(DestinationJson, NamesWhatIsWrong) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {R"("slack")", "/destination"},
      {R"({})", "/destination/type"},
      {R"({"type":"teams"})", "/destination/type"},
      {R"({"type":7})", "/destination/type"},
      {R"({"type":"webhook","template":".x"})", "/destination/template"},
      {R"({"type":"slack","template":""})", "/destination/template"},
      {R"({"type":"slack","values":[".x"]})", "/destination/values"},
      {R"({"type":"ifttt","values":[]})", "/destination/values"},
      {R"({"type":"ifttt","values":["1","2","3","4"]})", "/destination/values"},
      {R"({"type":"ifttt","values":["1",2]})", "/destination/values/1"},
      {R"({"type":"zapier","auth":{"kind":"none"}})", "/destination/auth"},
      {R"({"type":"aws_lambda","auth":{"kind":"oidc"}})", "/destination/auth/kind"},
      {R"({"type":"aws_lambda","auth":{}})", "/destination/auth/kind"},
      {R"({"type":"aws_lambda","auth":"none"})", "/destination/auth"},
      {R"({"type":"aws_lambda","auth":{"kind":"none","region":"x"}})", "/destination/auth/region"},
      {R"({"type":"aws_lambda","auth":{"kind":"sigv4","access_key_id":"A"}})",
       "/destination/auth/secret_access_key"},
      {R"({"type":"gcp_function","auth":{"kind":"oidc"}})", "/destination/auth/service_account"},
      {R"({"type":"gcp_function","auth":{"kind":"oidc","service_account":{"client_email":"a"}}})",
       "/destination/auth/service_account/private_key"},
      {R"({"type":"aws_lambda","auth":{"kind":"sigv4","access_key_id":"A",)"
       R"("secret_access_key":"********"}})",
       "/destination/auth/secret_access_key"},
  };
  for (const auto& [destination, pointer] : cases) {
    FieldErrors errors;
    static_cast<void>(config_of(destination, errors));  // the errors are what is looked at
    ASSERT_EQ(errors.size(), 1U) << destination;
    EXPECT_EQ(errors.front().pointer, pointer) << destination << errors.front().detail;
  }
}

TEST(DestinationJson, AsksWhetherATokenEndpointMayBeAsked) {
  const UrlCheck only_mine = [](const std::string& url) -> Status {
    if (url.starts_with("https://a.example")) return {};
    return fail(Errc::kInvalidArgument, "not that one");
  };
  FieldErrors errors;
  const json object = {{"url", "https://a.example"}, {"destination", json::parse(kOidc)}};
  static_cast<void>(parse_endpoint_config(object, only_mine, {}, {}, errors));
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].pointer, "/destination/auth/service_account/token_uri");
  EXPECT_EQ(errors[1].pointer, "/destination/auth/token_url");
}

TEST(DestinationJson, KeepsCredentialsInTheDatabaseAndNowhereElse) {
  for (const char* text : {kSigV4, kOidc}) {
    const auto config = config_of(text);
    const auto stored = decode_endpoint_config(encode_endpoint_config(config));
    ASSERT_TRUE(stored);
    EXPECT_EQ(*stored, config);
    const std::string view = endpoint_config_view(config, {}).dump();
    for (const char* secret : {"hush", "tok\"", "PEM"})
      EXPECT_THAT(view, testing::Not(HasSubstr(secret)));
    EXPECT_THAT(view, HasSubstr(std::string{kMask}));
  }
}

TEST(DestinationJson, HidesUrlsThatAreCredentials) {
  for (const char* type : {"slack", "discord", "zapier", "ifttt"}) {
    const auto view = endpoint_config_view(config_of(json{{"type", type}}.dump()), {});
    EXPECT_EQ(view["url"], "https://a.example/********") << type;
  }
  for (const char* type : {"webhook", "aws_lambda", "gcp_function"}) {
    const auto view = endpoint_config_view(config_of(json{{"type", type}}.dump()), {});
    EXPECT_EQ(view["url"], "https://a.example/x?y=1") << type;
  }
}

TEST(DestinationPatch, TakesBackWhatItShowedMasked) {
  for (const std::string& text :
       {std::string{kSigV4}, std::string{kOidc}, json{{"type", "slack"}}.dump()}) {
    const auto config = config_of(text);
    const auto same = patched(config, endpoint_config_view(config, {}).dump());
    EXPECT_EQ(same.url, config.url);
    EXPECT_EQ(same.destination, config.destination);
  }
  FieldErrors errors;
  const json masked = {{"url", "https://a.example/********"}};
  static_cast<void>(parse_endpoint_config(masked, any_url(), {}, {}, errors));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors.front().pointer, "/url");
}

TEST(DestinationPatch, NeverBringsAHiddenUrlToLight) {
  const auto slack = config_of(R"({"type":"slack"})");
  for (const char* patch :
       {R"({"destination":null})",
        R"({"destination":{"type":"aws_lambda"}})",
        R"({"destination":{"type":"webhook"},"url":"https://a.example/********"})"}) {
    FieldErrors errors;
    static_cast<void>(patch_endpoint_config(slack, json::parse(patch), any_url(), {}, {}, errors));
    ASSERT_EQ(errors.size(), 1U) << patch;
    EXPECT_EQ(errors.front().pointer, "/url");
  }
  const auto moved = patched(slack, R"({"destination":null,"url":"https://b.example/"})");
  EXPECT_EQ(moved.url, "https://b.example/");
  EXPECT_EQ(patched(slack, R"({"destination":{"type":"discord"}})").url, slack.url);
}

TEST(DestinationPatch, MergesWithinATypeAndReplacesItByAnother) {
  const auto config = config_of(kSigV4);
  const auto other_region =
      patched(config, R"({"destination":{"auth":{"region":"us-east-1","session_token":null}}})");
  ASSERT_TRUE(other_region.destination.sigv4);
  EXPECT_EQ(*other_region.destination.sigv4, (SigV4Auth{{"AKID", "hush", ""}, "us-east-1"}));
  EXPECT_FALSE(patched(config, R"({"destination":{"auth":{"kind":"none"}}})").destination.sigv4);
  EXPECT_EQ(
      patched(config, R"({"destination":{"type":"slack"}})").destination,
      config_of(R"({"type":"slack"})").destination
  );
  EXPECT_EQ(patched(config, R"({"destination":null})").destination, Destination{});
}

TEST(DestinationJson, KeepsTheDefaultWhenAPatchChangesNothingOfIt) {
  const EndpointConfig config = config_of(R"({"type":"webhook"})");
  EXPECT_EQ(patched(config, R"({"destination":{}})"), config);
}

}  // namespace
}  // namespace postrider
