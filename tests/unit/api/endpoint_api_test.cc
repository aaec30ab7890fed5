#include <future>
#include <vector>

#include "base/limits.h"

#include "tests/support/api_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class EndpointApi : public ApiTest {
 protected:
  nlohmann::json get(const std::string& id) {
    return parsed(request("GET", "/v1/endpoints/" + id));
  }
  http::HttpResponse patch(const std::string& id, std::string body) {
    return request("PATCH", "/v1/endpoints/" + id, std::move(body));
  }
  http::HttpResponse post(const std::string& id, std::string_view action, std::string body = {}) {
    return request("POST", "/v1/endpoints/" + id + "/" + std::string(action), std::move(body));
  }
};

TEST_F(EndpointApi, CreatingOneShowsItsSecretOnce) {
  const auto answer = request("POST", "/v1/endpoints", R"({"url":"https://a.example/"})");
  ASSERT_EQ(answer.status, 201) << answer.body;
  const auto endpoint = parsed(answer);
  const std::string id = endpoint.value("id", "");
  EXPECT_THAT(id, MatchesRegex("ep_[0-9a-z]{26}"));
  EXPECT_EQ(answer.headers.get("Location"), "/v1/endpoints/" + id);
  EXPECT_THAT(endpoint.value("secret", ""), MatchesRegex("whsec_.{32,}"));
  EXPECT_EQ(endpoint["tenant"], "default");
  EXPECT_EQ(endpoint["state"], "active");
  EXPECT_TRUE(endpoint["state_reason"].is_null());
  EXPECT_EQ(endpoint["timeout_ms"], 15000);
  EXPECT_EQ(endpoint["max_in_flight"], 32);
  EXPECT_EQ(endpoint["payload"], "envelope");
  EXPECT_EQ(endpoint["signature"], nlohmann::json({{"scheme", "standard"}}));

  auto shown = get(id);
  EXPECT_FALSE(shown.contains("secret"));
  EXPECT_EQ(shown["blocked_by"], nlohmann::json::array());
  shown.erase("blocked_by");
  shown.erase("health");
  shown["secret"] = endpoint["secret"];
  EXPECT_EQ(shown, endpoint);
  EXPECT_THAT(request("GET", "/v1/endpoints").body, Not(HasSubstr("whsec_")));
}

TEST_F(EndpointApi, WrongMembersAreNamed) {
  const auto post_body = [this](std::string body) {
    return request("POST", "/v1/endpoints", std::move(body));
  };
  expect_invalid(post_body("{}"), "/url");
  expect_invalid(post_body(R"({"url":"ftp://x"})"), "/url");
  expect_invalid(post_body(R"({"url":"https://a.example","id":"ep_1"})"), "/id");
  expect_invalid(post_body(R"({"url":"https://a.example","tenant":"a b"})"), "/tenant");
  expect_invalid(post_body(R"({"url":"https://a.example","tenant":1})"), "/tenant");
  expect_invalid(post_body(R"({"url":"https://a.example","secret":"short"})"), "/secret");
  expect_invalid(post_body(R"({"url":"https://a.example","state":"disabled"})"), "/state");
  expect_invalid(post_body(R"({"url":"https://a.example","filter":"syntax"})"), "/filter");
  expect_invalid(post_body(R"({"url":"https://a.example","url":"https://b.example"})"), "/url");
  expect_invalid(post_body("[]"), "");
  expect_problem(post_body("{"), 400);
  expect_problem(post_body(""), 400);
  expect_problem(request("POST", "/v1/endpoints", "{}", "text/plain"), 415);
  EXPECT_TRUE(parsed(request("GET", "/v1/endpoints"))["data"].empty());
}

TEST_F(EndpointApi, ASecretAndAStateMayBeGivenOnCreation) {
  const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const auto answer = request(
      "POST",
      "/v1/endpoints",
      R"({"url":"https://a.example","state":"paused","tenant":"acme","secret":")" + secret + "\"}"
  );
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(parsed(answer)["secret"], secret);
  EXPECT_EQ(parsed(answer)["state"], "paused");
  EXPECT_EQ(parsed(answer)["tenant"], "acme");
}

TEST_F(EndpointApi, APatchMergesAndNullIsTheDefault) {
  const std::string id =
      add_endpoint(R"(,"description":"d","timeout_ms":2000,"event_types":["a"])");
  const auto changed = patch(id, R"({"description":"e","timeout_ms":null})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  const auto endpoint = parsed(changed);
  EXPECT_EQ(endpoint["description"], "e");
  EXPECT_EQ(endpoint["timeout_ms"], 15000);
  EXPECT_EQ(endpoint["event_types"], nlohmann::json({"a"}));
  auto shown = get(id);
  shown.erase("blocked_by");
  shown.erase("health");
  EXPECT_EQ(endpoint, shown);
}

TEST_F(EndpointApi, WhatAPatchMayNotChangeIsRefusedByName) {
  const std::string id = add_endpoint();
  const auto before = get(id);
  expect_invalid(patch(id, R"({"tenant":"x"})"), "/tenant");
  expect_invalid(patch(id, R"({"id":"x"})"), "/id");
  expect_invalid(patch(id, R"({"secret":"x"})"), "/secret");
  expect_invalid(patch(id, R"({"state":"paused"})"), "/state");
  expect_invalid(patch(id, R"({"url":null})"), "/url");
  expect_invalid(patch(id, R"({"description":"x","typo":1})"), "/typo");
  expect_problem(patch(id, "{"), 400);
  EXPECT_EQ(get(id), before);
  EXPECT_EQ(patch(id, R"({"tenant":"default","state":"active"})").status, 200);
}

TEST_F(EndpointApi, TheListIsFilteredByTenantAndState) {
  const std::string first = add_endpoint();
  const std::string second = add_endpoint(R"(,"tenant":"acme","state":"paused")");
  const auto all = parsed(request("GET", "/v1/endpoints"))["data"];
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["id"], second);
  const auto paused = parsed(request("GET", "/v1/endpoints?state=paused"))["data"];
  ASSERT_EQ(paused.size(), 1U);
  EXPECT_EQ(paused[0]["id"], second);
  const auto tenant = parsed(request("GET", "/v1/endpoints?tenant=default"))["data"];
  ASSERT_EQ(tenant.size(), 1U);
  EXPECT_EQ(tenant[0]["id"], first);
  expect_invalid(request("GET", "/v1/endpoints?state=x"), "/state");
  expect_invalid(request("GET", "/v1/endpoints?cursor=%21"), "/cursor");
}

TEST_F(EndpointApi, ListAndDetailsShowHowItDoes) {
  const std::string id = add_endpoint();
  auto health = get(id)["health"];
  EXPECT_TRUE(health["last_success"].is_null());
  EXPECT_TRUE(health["last_failure"].is_null());
  EXPECT_EQ(health["waiting"], 0);
  emit();
  await_attempts(1);
  receiver_->answer_status(503);
  emit();
  await_attempts(1);
  ASSERT_EQ(post(id, "pause").status, 200);
  emit();
  const MonoTime end = clock_.mono_now() + std::chrono::seconds(20);
  while (health["last_failure"].is_null() && clock_.mono_now() < end) {
    // Nothing is published: a bounded wait for what is written every 2 s.
    static_cast<void>(service_->attempt_feed().wait_from(1U << 30U, Millis{20}));
    health = get(id)["health"];
  }
  EXPECT_EQ(health["last_success"]["status"], 200) << health;
  EXPECT_EQ(health["last_success"]["outcome"], "success");
  EXPECT_EQ(health["last_failure"]["status"], 503);
  EXPECT_EQ(health["last_failure"]["outcome"], "http_error");
  EXPECT_GE(health["last_failure"]["at"], health["last_success"]["at"]);
  EXPECT_EQ(health["failing_since"].is_string(), true);
  EXPECT_EQ(health["waiting"], 1);
  EXPECT_EQ(health["more_are_waiting"], false);
  EXPECT_EQ(parsed(request("GET", "/v1/endpoints"))["data"][0]["health"], health);
}

TEST_F(EndpointApi, HealthShowsUntilWhenNothingIsSent) {
  const std::string id = add_endpoint(R"(,"rate_limit":{"limit":1,"period_ms":3600000})");
  EXPECT_TRUE(get(id)["health"]["held_until"].is_null());
  emit();
  await_attempts(1);
  EXPECT_TRUE(get(id)["health"]["held_until"].is_string());
}

TEST_F(EndpointApi, ADeletedOneIs404Everywhere) {
  const std::string id = add_endpoint();
  const auto deleted = request("DELETE", "/v1/endpoints/" + id);
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.body, "");
  expect_problem(request("DELETE", "/v1/endpoints/" + id), 404);
  expect_problem(request("GET", "/v1/endpoints/" + id), 404);
  expect_problem(patch(id, "{}"), 404);
  for (const char* action : {"pause", "resume", "disable", "secret/rotate", "test"}) {
    expect_problem(post(id, action), 404);
  }
  expect_problem(post(id, "recover", R"({"since":"2026-01-01T00:00:00Z"})"), 404);
  expect_problem(request("GET", "/v1/endpoints/" + id + "/secret"), 404);
  expect_problem(request("GET", "/v1/endpoints/" + id + "/stats"), 404);
  EXPECT_TRUE(parsed(request("GET", "/v1/endpoints"))["data"].empty());
}

TEST_F(EndpointApi, StatesChangeByTheirRoutes) {
  const std::string id = add_endpoint();
  EXPECT_EQ(parsed(post(id, "pause"))["state"], "paused");
  EXPECT_EQ(parsed(post(id, "resume", "{}"))["state"], "active");
  const auto disabled = parsed(post(id, "disable"));
  EXPECT_EQ(disabled["state"], "disabled");
  EXPECT_EQ(disabled["state_reason"], "operator");
  expect_invalid(post(id, "resume", R"({"x":1})"), "/x");
  EXPECT_EQ(get(id)["state"], "disabled");
}

TEST_F(EndpointApi, ARotationKeepsTheOldSecretForAWhile) {
  const std::string id = add_endpoint();
  const auto before = parsed(request("GET", "/v1/endpoints/" + id + "/secret"));
  EXPECT_TRUE(before["previous"].empty());
  const auto rotated = parsed(post(id, "secret/rotate", R"({"overlap_s":3600})"));
  EXPECT_NE(rotated["secret"], before["secret"]);
  ASSERT_EQ(rotated["previous"].size(), 1U);
  EXPECT_EQ(rotated["previous"][0]["secret"], before["secret"]);
  EXPECT_TRUE(rotated["previous"][0]["expires_at"].is_string());
  EXPECT_EQ(parsed(request("GET", "/v1/endpoints/" + id + "/secret")), rotated);

  const auto at_once = parsed(post(id, "secret/rotate", R"({"overlap_s":0})"));
  EXPECT_TRUE(at_once["previous"].empty());
  expect_invalid(post(id, "secret/rotate", R"({"overlap_s":-1})"), "/overlap_s");
  expect_invalid(post(id, "secret/rotate", R"({"secret":"x"})"), "/secret");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(post(id, "secret/rotate").status, 200);
  expect_problem(post(id, "secret/rotate"), 409);
}

TEST_F(EndpointApi, ATestAnswersWithItsAttempt) {
  receiver_->answer_status(418, "\xFFteapot");
  const std::string id = add_endpoint(R"(,"event_types":["only.this"])");
  const auto answer = post(id, "test");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto attempt = parsed(answer);
  EXPECT_EQ(attempt["status"], 418);
  EXPECT_EQ(attempt["outcome"], "http_error");
  EXPECT_EQ(attempt["number"], 1);
  EXPECT_EQ(attempt["type"], "postrider.test");
  EXPECT_EQ(attempt["endpoint"], id);
  EXPECT_EQ(attempt["response_excerpt"], "\xEF\xBF\xBDteapot");
  EXPECT_TRUE(attempt["delivery_state"].is_null());
  EXPECT_TRUE(attempt["next_attempt_at"].is_null());
  const auto own = post(id, "test", R"({"type":"my.type","data":{"a":1.10}})");
  EXPECT_EQ(parsed(own)["type"], "my.type");
  EXPECT_THAT(receiver_->requests().back().body, HasSubstr("1.10"));
  expect_invalid(post(id, "test", R"({"type":"a b"})"), "/type");
}

TEST_F(EndpointApi, ATestIsSentWhateverTheStateOfItsEndpoint) {
  const std::string id = add_endpoint();
  for (const char* action : {"pause", "disable"}) {
    const auto state = parsed(post(id, action))["state"];
    EXPECT_EQ(post(id, "test").status, 200);
    EXPECT_EQ(get(id)["state"], state);
  }
  ASSERT_EQ(request("DELETE", "/v1/endpoints/" + id).status, 204);
  expect_problem(post(id, "test"), 404);
}

TEST_F(EndpointApi, ATestLeavesNothing) {
  receiver_->answer_status(410);
  const std::string id = add_endpoint();
  const auto attempt = parsed(post(id, "test"));
  EXPECT_EQ(attempt["outcome"], "gone");
  EXPECT_EQ(get(id)["state"], "active");
  for (const char* path : {"/v1/events", "/v1/deliveries", "/v1/dead-letters"})
    EXPECT_TRUE(parsed(request("GET", path))["data"].empty()) << path;
  const auto event = attempt["event"].get<std::string>();
  const auto delivery = attempt["delivery"].get<std::string>();
  expect_problem(request("GET", "/v1/events/" + event), 404);
  expect_problem(request("GET", "/v1/deliveries/" + delivery), 404);
  EXPECT_EQ(service_->attempt_feed().next_number(), 0U) << "no stream shows it";
  EXPECT_EQ(receiver_->requests().size(), 1U);
}

TEST_F(EndpointApi, TestsBeyondTheLimitAre429) {
  receiver_->answer_nobody();
  const std::string id = add_endpoint();
  std::vector<std::future<http::HttpResponse>> tests;
  for (std::size_t i = 0; i < limits::kTestsPerEndpointMax; ++i)
    tests.push_back(std::async(std::launch::async, [&] { return post(id, "test"); }));
  // All of them wait, although the server has four threads.
  ASSERT_TRUE(receiver_->await_requests(limits::kTestsPerEndpointMax));
  const auto refused = post(id, "test");
  expect_problem(refused, 429);
  EXPECT_EQ(refused.headers.get("Retry-After"), "5");
  service_->begin_stop();
  for (auto& test : tests) expect_problem(test.get(), 503);
  expect_problem(post(id, "test"), 503);
}

TEST_F(EndpointApi, ARecoveryIsATask) {
  const std::string id = add_endpoint();
  make_dead_letter();
  receiver_->answer_status(200);
  const auto answer = post(id, "recover", R"({"since":"2020-01-01T00:00:00Z"})");
  ASSERT_EQ(answer.status, 202) << answer.body;
  const auto task = parsed(answer);
  EXPECT_EQ(task["kind"], "recover_endpoint");
  EXPECT_EQ(task["total"], 1);
  EXPECT_EQ(task["filter"]["endpoint"], id);
  await_attempts(1);
  EXPECT_TRUE(parsed(request("GET", "/v1/dead-letters"))["data"].empty());
  expect_invalid(post(id, "recover"), "/since");
  ASSERT_EQ(post(id, "disable").status, 200);
  expect_problem(post(id, "recover", R"({"since":"2020-01-01T00:00:00Z"})"), 409);
}

TEST_F(EndpointApi, StatisticsHaveEveryBucket) {
  const std::string id = add_endpoint();
  const auto answer = request(
      "GET",
      "/v1/endpoints/" + id +
          "/stats?since=2026-01-01T00:00:30Z&until=2026-01-01T01:00:00Z&bucket_s=600"
  );
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto stats = parsed(answer);
  EXPECT_EQ(stats["since"], "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(stats["bucket_s"], 600);
  ASSERT_EQ(stats["series"].size(), 6U);
  EXPECT_EQ(stats["series"][1]["start"], "2026-01-01T00:10:00.000Z");
  EXPECT_EQ(stats["totals"]["attempts"], 0);
  EXPECT_EQ(stats["totals"]["attempts_by_class"]["2xx"], 0);
  EXPECT_TRUE(stats["totals"]["duration_ms_avg"].is_null());
}

}  // namespace
}  // namespace postrider::testing
