#include "tests/support/api_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

using OperatorApi = ApiTest;

TEST_F(OperatorApi, AKeyIsShownOnce) {
  const auto answer = request(
      "POST",
      "/v1/api-keys",
      R"({"name":"shop","scope":"emit","expires_at":"2099-01-01T00:00:00Z"})"
  );
  ASSERT_EQ(answer.status, 201) << answer.body;
  const auto key = parsed(answer);
  EXPECT_THAT(key.value("key", ""), MatchesRegex("pr_[A-Za-z0-9_-]{43}"));
  EXPECT_THAT(key.value("id", ""), MatchesRegex("key_[0-9a-z]{26}"));
  EXPECT_TRUE(key["tenant"].is_null());
  EXPECT_EQ(key["expires_at"], "2099-01-01T00:00:00.000Z");
  const auto list = request("GET", "/v1/api-keys");
  EXPECT_EQ(parsed(list)["data"].size(), 1U);
  EXPECT_EQ(parsed(list)["data"][0]["scope"], "emit");
  EXPECT_THAT(list.body, Not(HasSubstr(key.value("key", ""))));
}

TEST_F(OperatorApi, WrongMembersOfAKeyAreNamed) {
  const auto post = [this](std::string body) {
    return request("POST", "/v1/api-keys", std::move(body));
  };
  expect_invalid(post(""), "/name");
  expect_invalid(post(R"({"name":"n"})"), "/scope");
  expect_invalid(post(R"({"name":"","scope":"read"})"), "/name");
  expect_invalid(post(R"({"name":"n","scope":"root"})"), "/scope");
  expect_invalid(post(R"({"name":"n","scope":"tenant"})"), "/scope");
  expect_invalid(post(R"({"name":"n","scope":"read","tenant":"a"})"), "/tenant");
  expect_invalid(
      post(R"({"name":"n","scope":"read","expires_at":"2000-01-01T00:00:00Z"})"), "/expires_at"
  );
  expect_problem(request("DELETE", "/v1/api-keys/key_x"), 404);
  EXPECT_TRUE(parsed(request("GET", "/v1/api-keys"))["data"].empty());
}

TEST_F(OperatorApi, BulkWorkForAnIdOfAnotherDatabaseIsRefused) {
  const std::string foreign = "ep_00000000000000000000000000";
  for (const std::string path : {"/v1/dead-letters/replay", "/v1/dead-letters/discard"}) {
    expect_invalid(request("POST", path, R"({"endpoint":")" + foreign + "\"}"), "/endpoint");
    const std::string dry_run = R"({"dry_run":true,"endpoint":")" + foreign + "\"}";
    expect_invalid(request("POST", path, dry_run), "/endpoint");
  }
  const std::string event = emit();
  expect_invalid(
      request("POST", "/v1/events/" + event + "/replay", R"({"endpoint":")" + foreign + "\"}"),
      "/endpoint"
  );
  EXPECT_TRUE(parsed(request("GET", "/v1/tasks"))["data"].empty());
}

TEST_F(OperatorApi, AnIdOfAnotherDatabaseMatchesNothingInLists) {
  const std::string endpoint = "endpoint=ep_00000000000000000000000000";
  for (const std::string list : {"/v1/deliveries?", "/v1/dead-letters?"}) {
    const auto answer = request("GET", list + endpoint);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(parsed(answer)["data"].empty());
  }
  EXPECT_EQ(request("GET", "/v1/stats?" + endpoint).status, 200);
  EXPECT_EQ(request("GET", "/v1/deliveries?event=evt_00000000000000000000000000").status, 200);
}

TEST_F(OperatorApi, AStoredTaskForAnEndpointOfNothingIsListedAndEnds) {
  DeadLetterFilter filter;
  filter.endpoint = EndpointId{kNoRow};
  const auto task = service_->start_task(TaskKind::kDiscardDeadLetters, filter, 0);
  ASSERT_TRUE(task) << task.error().context;
  const auto list = request("GET", "/v1/tasks");
  ASSERT_EQ(list.status, 200) << list.body;
  ASSERT_EQ(parsed(list)["data"].size(), 1U);
  EXPECT_THAT(
      parsed(list)["data"][0]["filter"].value("endpoint", ""), MatchesRegex("ep_[0-9a-z]{26}")
  );
}

TEST_F(OperatorApi, AnEventTypeIsMadeChangedAndDeleted) {
  const std::string schema = R"({"type":"object", "maxProperties" : 10})";
  const auto added = request(
      "POST",
      "/v1/event-types",
      R"({"name":"order.paid","description":"d","schema":)" + schema + "}"
  );
  ASSERT_EQ(added.status, 201) << added.body;
  EXPECT_EQ(added.headers.get("Location"), "/v1/event-types/order.paid");
  EXPECT_THAT(added.body, HasSubstr("\"schema\":" + schema));
  expect_problem(request("POST", "/v1/event-types", R"({"name":"order.paid"})"), 409);

  const auto changed =
      request("PATCH", "/v1/event-types/order.paid", R"({"archived":true,"schema":null})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  const auto type = parsed(changed);
  EXPECT_EQ(type["archived"], true);
  EXPECT_EQ(type["description"], "d");
  EXPECT_TRUE(type["schema"].is_null());
  EXPECT_EQ(parsed(request("GET", "/v1/event-types/order.paid")), type);
  EXPECT_EQ(parsed(request("GET", "/v1/event-types"))["data"].size(), 1U);

  EXPECT_EQ(request("DELETE", "/v1/event-types/order.paid").status, 204);
  for (const char* name : {"order.paid", "%20", "a%20b"}) {
    const std::string path = "/v1/event-types/" + std::string(name);
    expect_problem(request("GET", path), 404);
    expect_problem(request("PATCH", path, "{}"), 404);
    expect_problem(request("DELETE", path), 404);
  }
}

TEST_F(OperatorApi, WrongMembersOfAnEventTypeAreNamed) {
  const auto post = [this](std::string body) {
    return request("POST", "/v1/event-types", std::move(body));
  };
  expect_invalid(post("{}"), "/name");
  expect_invalid(post(R"({"name":"a b"})"), "/name");
  expect_invalid(post(R"({"name":"a","schema":{"type":"strnig"}})"), "/schema");
  expect_invalid(post(R"({"name":"a","schema":7})"), "/schema");
  expect_invalid(post(R"({"name":"a","archived":1})"), "/archived");
  EXPECT_EQ(post(R"({"name":"a"})").status, 201);
  expect_invalid(request("PATCH", "/v1/event-types/a", R"({"name":"b"})"), "/name");
}

TEST_F(OperatorApi, StatisticsChooseTheirBucketAndRefuseTooMany) {
  const auto day = parsed(request("GET", "/v1/stats"));
  EXPECT_EQ(day["bucket_s"], 900);
  EXPECT_GE(day["series"].size(), 96U);
  expect_invalid(request("GET", "/v1/stats?bucket_s=61"), "/bucket_s");
  expect_invalid(request("GET", "/v1/stats?since=2000-01-01T00:00:00Z&bucket_s=60"), "/bucket_s");
  expect_invalid(
      request("GET", "/v1/stats?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z"), "/since"
  );
  expect_invalid(request("GET", "/v1/stats?endpoint=x"), "/endpoint");
  EXPECT_EQ(request("GET", "/v1/stats?tenant=acme").status, 200);
}

TEST_F(OperatorApi, MetricsAreText) {
  const auto answer = request("GET", "/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.headers.get("Content-Type"), HasSubstr("version=0.0.4"));
  EXPECT_THAT(answer.body, HasSubstr("postrider_events_accepted_total"));
}

TEST_F(OperatorApi, MetricsCountAnswersByTheirRouteWithoutIds) {
  const std::string endpoint = add_endpoint();
  EXPECT_EQ(request("GET", "/v1/endpoints/" + endpoint).status, 200);
  EXPECT_EQ(request_as("pr_wrong", "GET", "/v1/endpoints/" + endpoint).status, 401);
  EXPECT_EQ(request("GET", "/nowhere/" + endpoint).status, 404);
  EXPECT_EQ(request("PUT", "/v1/endpoints").status, 405);
  const auto text = request("GET", "/metrics").body;
  const auto count = [](const std::string& method, const std::string& route, int status) {
    return "postrider_http_requests_total{method=\"" + method + "\",route=\"" + route +
           "\",status=\"" + std::to_string(status) + "\"} 1";
  };
  EXPECT_THAT(text, HasSubstr(count("GET", "/v1/endpoints/{id}", 200)));
  EXPECT_THAT(text, HasSubstr(count("GET", "/v1/endpoints/{id}", 401)));
  EXPECT_THAT(text, HasSubstr(count("GET", "none", 404)));
  EXPECT_THAT(text, HasSubstr(count("PUT", "none", 405)));
  EXPECT_EQ(text.find(endpoint), std::string::npos);
}

TEST_F(OperatorApi, ReadinessSaysWhyNot) {
  EXPECT_EQ(request_as("", "GET", "/readyz").status, 200);
  service_->stop();
  const auto answer = request_as("", "GET", "/readyz");
  expect_problem(answer, 503);
  EXPECT_TRUE(answer.headers.find("Retry-After"));
  EXPECT_EQ(request_as("", "GET", "/healthz").status, 200);
  expect_problem(request("POST", "/v1/events", R"({"type":"t","data":1})"), 503);
}

}  // namespace
}  // namespace postrider::testing
