#include <future>

#include "tests/support/api_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

using EventApi = ApiTest;

TEST_F(EventApi, AnEventIsAnsweredWithItsIdAndItsNumberOfDeliveries) {
  add_endpoint();
  add_endpoint(R"(,"tenant":"other")");
  const auto answer =
      request("POST", "/v1/events", R"({"type":"order.created","data":{"id":"ord_1"}})");
  ASSERT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(answer.headers.get("Content-Type"), "application/json");
  const auto event = parsed(answer);
  EXPECT_THAT(event.value("id", ""), MatchesRegex("evt_[0-9a-z]{26}"));
  EXPECT_EQ(event["type"], "order.created");
  EXPECT_EQ(event["tenant"], "default");
  EXPECT_EQ(event["deliveries"], 1);
  EXPECT_EQ(event.value("created_at", "").size(), 24U);
}

TEST_F(EventApi, DataIsShownByteForByte) {
  const std::string data = R"({"b":1.10,"a":12345678901234567890123,"s":"\u0041  x" , "e":1E400})";
  const std::string id = emit(R"("type":"t","metadata":{"k":"\u0041"},"data":)" + data);
  const auto answer = request("GET", "/v1/events/" + id);
  ASSERT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"("data":)" + data + "}"));
  EXPECT_THAT(answer.body, HasSubstr(R"("metadata":{"k":"\u0041"})"));
}

TEST_F(EventApi, EveryMemberOfAnEventIsShown) {
  const std::string id = emit(
      R"("type":"t","data":1,"tenant":"acme","channels":["eu"],"ordering_key":"k",
         "deliver_at":"2099-01-01T00:00:00Z","expires_at":"2099-01-02T00:00:00Z")"
  );
  const auto event = parsed(request("GET", "/v1/events/" + id));
  EXPECT_EQ(event["tenant"], "acme");
  EXPECT_EQ(event["channels"], nlohmann::json({"eu"}));
  EXPECT_EQ(event["ordering_key"], "k");
  EXPECT_EQ(event["deliver_at"], "2099-01-01T00:00:00.000Z");
  EXPECT_EQ(event["expires_at"], "2099-01-02T00:00:00.000Z");
  EXPECT_EQ(event["metadata"], nlohmann::json::object());
  EXPECT_TRUE(event["traceparent"].is_null());
}

TEST_F(EventApi, AMalformedBodyIs400AndAWrongMember422) {
  expect_problem(request("POST", "/v1/events", "{\"type\":"), 400);
  expect_problem(request("POST", "/v1/events", ""), 400);
  expect_problem(request("POST", "/v1/events", R"({"type":"t","data":"\ud800"})"), 400);
  expect_invalid(request("POST", "/v1/events", R"({"type":"t"})"), "/data");
  expect_invalid(request("POST", "/v1/events", R"({"type":"a b","data":1})"), "/type");
  expect_invalid(request("POST", "/v1/events", R"({"type":"t","data":1,"typo":2})"), "/typo");
  expect_invalid(request("POST", "/v1/events?x=1", R"({"type":"t","data":1})"), "/x");
  EXPECT_TRUE(parsed(request("GET", "/v1/events"))["data"].empty());
}

TEST_F(EventApi, DataAboveTheLimitIs413) {
  const std::string large(kEventBytesMax, 'x');
  expect_problem(request("POST", "/v1/events", R"({"type":"t","data":")" + large + "\"}"), 413);
  const std::string larger(kEventBytesMax * 3, 'x');
  expect_problem(request("POST", "/v1/events", R"({"type":"t","data":")" + larger + "\"}"), 413);
}

TEST_F(EventApi, AnotherContentTypeIs415AndNoneIsTakenForJson) {
  const std::string body = R"({"type":"t","data":1})";
  expect_problem(request("POST", "/v1/events", body, "text/plain"), 415);
  expect_problem(request("POST", "/v1/events", body, "application/x-ndjson"), 415);
  EXPECT_EQ(request("POST", "/v1/events", body, "Application/JSON; charset=utf-8").status, 202);
}

TEST_F(EventApi, ABatchIsAnsweredInOrderAndStoredWhole) {
  add_endpoint(R"(,"event_types":["a"])");
  const auto answer = request(
      "POST", "/v1/events/batch", R"({"events":[{"type":"a","data":1},{"type":"b","data":2}]})"
  );
  ASSERT_EQ(answer.status, 202) << answer.body;
  const auto events = parsed(answer)["events"];
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["deliveries"], 1);
  EXPECT_EQ(events[1]["deliveries"], 0);
  const auto second = parsed(request("GET", "/v1/events/" + events[1].value("id", "")));
  EXPECT_EQ(second["type"], "b");
}

TEST_F(EventApi, ABatchWithOneBadEventChangesNothing) {
  const auto json = request(
      "POST",
      "/v1/events/batch",
      R"({"events":[{"type":"a","data":1},{"data":2},{"type":"!","data":2}]})"
  );
  expect_invalid(json, "/events/1/type");
  expect_invalid(json, "/events/2/type");
  const std::string lines = "{\"type\":\"a\",\"data\":1}\n\n{\"type\":\"a\"}\n";
  expect_invalid(request("POST", "/v1/events/batch", lines, "application/x-ndjson"), "/1/data");
  expect_invalid(request("POST", "/v1/events/batch", R"({"events":[]})"), "/events");
  expect_problem(request("POST", "/v1/events/batch", "{", "application/x-ndjson"), 400);
  expect_problem(request("POST", "/v1/events/batch", "{}", "text/csv"), 415);
  EXPECT_TRUE(parsed(request("GET", "/v1/events"))["data"].empty());
}

TEST_F(EventApi, LinesAreABatchToo) {
  const auto answer = request(
      "POST",
      "/v1/events/batch",
      "{\"type\":\"a\",\"data\":1}\n{\"type\":\"b\",\"data\":2}",
      "application/x-ndjson"
  );
  ASSERT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(parsed(answer)["events"].size(), 2U);
}

TEST_F(EventApi, AnIdempotencyKeyGivesTheFirstAnswerAgain) {
  const std::string body = R"({"type":"t","data":1})";
  const http::Headers key = {{"Idempotency-Key", "order 1"}};
  const auto first = request("POST", "/v1/events", body, "application/json", key);
  const auto again = request("POST", "/v1/events", body, "application/json", key);
  ASSERT_EQ(first.status, 202);
  EXPECT_FALSE(first.headers.find("Idempotent-Replayed"));
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.get("Idempotent-Replayed"), "true");
  EXPECT_EQ(parsed(request("GET", "/v1/events"))["data"].size(), 1U);

  const auto other =
      request("POST", "/v1/events", R"({"type":"t","data":2})", "application/json", key);
  expect_invalid(other, "/idempotency-key");
  EXPECT_EQ(parsed(other)["type"], "urn:postrider:problem:idempotency_key_reused");
  const auto other_tenant = request(
      "POST", "/v1/events", R"({"type":"t","data":2,"tenant":"b"})", "application/json", key
  );
  EXPECT_EQ(other_tenant.status, 202);
}

TEST_F(EventApi, AnIdempotencyKeyIsCheckedAndABatchWithOneIsOfOneTenant) {
  const std::string body = R"({"type":"t","data":1})";
  const std::string type = "application/json";
  const auto with = [&](std::string key) {
    return request("POST", "/v1/events", body, type, {{"Idempotency-Key", std::move(key)}});
  };
  expect_invalid(with(std::string(256, 'k')), "/idempotency-key");
  expect_invalid(with("\xC3\xA9"), "/idempotency-key");
  EXPECT_EQ(with(std::string(255, 'k')).status, 202);

  const http::Headers key = {{"Idempotency-Key", "b"}};
  const std::string mixed =
      R"({"events":[{"type":"a","data":1},{"type":"a","data":1,"tenant":"x"}]})";
  expect_invalid(request("POST", "/v1/events/batch", mixed, type, key), "/events");
  const std::string same = R"({"events":[{"type":"a","data":1},{"type":"a","data":1}]})";
  const auto first = request("POST", "/v1/events/batch", same, type, key);
  EXPECT_EQ(first.status, 202) << first.body;
  EXPECT_EQ(request("POST", "/v1/events/batch", same, type, key).body, first.body);
}

TEST_F(EventApi, TwoAtOnceWithOneKeyAreOneEvent) {
  const auto post = [this] {
    return request(
        "POST",
        "/v1/events",
        R"({"type":"t","data":1})",
        "application/json",
        {{"Idempotency-Key", "k"}}
    );
  };
  auto other = std::async(std::launch::async, post);
  const auto one = post();
  EXPECT_EQ(one.body, other.get().body);
  EXPECT_EQ(parsed(request("GET", "/v1/events"))["data"].size(), 1U);
}

TEST_F(EventApi, AValidTraceIsStoredAndAnInvalidOneIgnored) {
  const std::string body = R"({"type":"t","data":1})";
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto traced = [&](std::string value) {
    const auto answer = request(
        "POST",
        "/v1/events",
        body,
        "application/json",
        {{"traceparent", std::move(value)}, {"tracestate", "a=1"}}
    );
    EXPECT_EQ(answer.status, 202) << answer.body;
    return parsed(request("GET", "/v1/events/" + parsed(answer).value("id", "")));
  };
  const auto valid = traced(parent);
  EXPECT_EQ(valid["traceparent"], parent);
  EXPECT_EQ(valid["tracestate"], "a=1");
  const auto invalid = traced("nonsense");
  EXPECT_TRUE(invalid["traceparent"].is_null());
  EXPECT_TRUE(invalid["tracestate"].is_null());
}

TEST_F(EventApi, TheListIsNewestFirstAndPaged) {
  const std::string first = emit();
  const std::string second = emit(R"("type":"other","data":1,"tenant":"acme")");
  const std::string third = emit();
  const auto page = parsed(request("GET", "/v1/events?limit=2"));
  ASSERT_EQ(page["data"].size(), 2U);
  EXPECT_EQ(page["data"][0]["id"], third);
  EXPECT_EQ(page["data"][1]["id"], second);
  EXPECT_FALSE(page["data"][0].contains("data"));
  const auto rest =
      parsed(request("GET", "/v1/events?limit=2&cursor=" + page.value("next_cursor", "")));
  ASSERT_EQ(rest["data"].size(), 1U);
  EXPECT_EQ(rest["data"][0]["id"], first);
  EXPECT_TRUE(rest["next_cursor"].is_null());

  EXPECT_EQ(parsed(request("GET", "/v1/events?tenant=acme"))["data"].size(), 1U);
  EXPECT_EQ(parsed(request("GET", "/v1/events?type=other"))["data"].size(), 1U);
  EXPECT_TRUE(parsed(request("GET", "/v1/events?until=2000-01-01T00:00:00Z"))["data"].empty());
  EXPECT_EQ(parsed(request("GET", "/v1/events?since=2000-01-01T00:00:00Z"))["data"].size(), 3U);
}

TEST_F(EventApi, UnknownEventsAre404) {
  const std::string own = emit();
  std::string foreign = own;
  foreign.back() = foreign.back() == '0' ? '1' : '0';
  for (const auto& id : {std::string("evt_x"), foreign, "ep_" + own.substr(4)}) {
    expect_problem(request("GET", "/v1/events/" + id), 404);
    expect_problem(request("GET", "/v1/events/" + id + "/deliveries"), 404);
    expect_problem(request("POST", "/v1/events/" + id + "/replay"), 404);
  }
}

TEST_F(EventApi, AReplayReachesEndpointsThatCameLater) {
  const std::string event = emit();
  const std::string endpoint = add_endpoint();
  const auto answer = request("POST", "/v1/events/" + event + "/replay");
  ASSERT_EQ(answer.status, 202) << answer.body;
  const auto deliveries = parsed(answer)["deliveries"];
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0]["endpoint"], endpoint);
  await_attempts(1);
  const auto only =
      request("POST", "/v1/events/" + event + "/replay", R"({"endpoint":")" + endpoint + "\"}");
  EXPECT_EQ(only.status, 202) << only.body;
  expect_invalid(
      request("POST", "/v1/events/" + event + "/replay", R"({"endpoint":"x"})"), "/endpoint"
  );
  expect_invalid(request("POST", "/v1/events/" + event + "/replay", R"({"x":1})"), "/x");
}

TEST_F(EventApi, AnEventThatDoesNotFitItsSchemaIsRefused) {
  const auto added = request(
      "POST",
      "/v1/event-types",
      R"({"name":"t","schema":{"type":"object","properties":{"n":{"type":"integer"}}}})"
  );
  ASSERT_EQ(added.status, 201) << added.body;
  expect_invalid(request("POST", "/v1/events", R"({"type":"t","data":{"n":"x"}})"), "/data/n");
  expect_invalid(
      request("POST", "/v1/events/batch", R"({"events":[{"type":"t","data":{"n":"x"}}]})"),
      "/events/0/data/n"
  );
  expect_invalid(
      request(
          "POST", "/v1/events/batch", R"({"type":"t","data":{"n":"x"}})", "application/x-ndjson"
      ),
      "/0/data/n"
  );
  EXPECT_EQ(request("POST", "/v1/events", R"({"type":"t","data":{"n":1}})").status, 202);
  EXPECT_EQ(request("POST", "/v1/events", R"({"type":"u","data":{"n":"x"}})").status, 202);
}

TEST_F(EventApi, ARepeatOfAnAcceptedRequestIsAnsweredAlthoughTheSchemaChanged) {
  const std::string json = "application/json";
  const std::string one = R"({"type":"t","data":{"n":"x"}})";
  const std::string batch = R"({"events":[{"type":"t","data":{"n":"x"}}]})";
  const auto post = [&](const std::string& path, const std::string& body, std::string key) {
    return request("POST", path, body, json, {{"Idempotency-Key", std::move(key)}});
  };
  const auto first = post("/v1/events", one, "a");
  const auto first_batch = post("/v1/events/batch", batch, "b");
  ASSERT_EQ(first.status, 202) << first.body;
  ASSERT_EQ(first_batch.status, 202) << first_batch.body;
  const auto added = request(
      "POST",
      "/v1/event-types",
      R"({"name":"t","schema":{"type":"object","properties":{"n":{"type":"integer"}}}})"
  );
  ASSERT_EQ(added.status, 201) << added.body;
  const auto again = post("/v1/events", one, "a");
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.get("Idempotent-Replayed"), "true");
  EXPECT_EQ(post("/v1/events/batch", batch, "b").body, first_batch.body);

  expect_invalid(post("/v1/events", one, "new"), "/data/n");
  expect_invalid(post("/v1/events/batch", batch, "new"), "/events/0/data/n");
  expect_invalid(post("/v1/events", one + " ", "a"), "/idempotency-key");
  EXPECT_EQ(parsed(request("GET", "/v1/events"))["data"].size(), 2U);
  EXPECT_EQ(post("/v1/events", R"({"type":"t","data":{"n":1}})", "new").status, 202);
}

}  // namespace
}  // namespace postrider::testing
