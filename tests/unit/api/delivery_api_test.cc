#include "tests/support/api_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;

class DeliveryApi : public ApiTest {
 protected:
  nlohmann::json get(const std::string& path) { return parsed(request("GET", path)); }
  http::HttpResponse post(const std::string& path, std::string body = {}) {
    return request("POST", path, std::move(body));
  }
  /// Waits for the end of a task, on the commits of the attempts or chunks it makes.
  nlohmann::json await_task(const std::string& id) {
    const MonoTime end = clock_.mono_now() + std::chrono::seconds(20);
    auto task = get("/v1/tasks/" + id);
    while (task["state"] == "running" && clock_.mono_now() < end) {
      // Waits without sleeping: nothing is published, so this is a bounded wait.
      static_cast<void>(service_->attempt_feed().wait_from(1U << 30U, Millis{20}));
      task = get("/v1/tasks/" + id);
    }
    return task;
  }
};

TEST_F(DeliveryApi, ADeliveryIsShownWithItsAttempts) {
  const std::string endpoint = add_endpoint();
  const std::string event = emit();
  await_attempts(1);
  const std::string id = delivery_of(event);
  const auto delivery = get("/v1/deliveries/" + id);
  EXPECT_EQ(delivery["id"], id);
  EXPECT_EQ(delivery["event"], event);
  EXPECT_EQ(delivery["endpoint"], endpoint);
  EXPECT_EQ(delivery["type"], "order.created");
  EXPECT_EQ(delivery["tenant"], "default");
  EXPECT_EQ(delivery["state"], "delivered");
  EXPECT_TRUE(delivery["reason"].is_null());
  EXPECT_EQ(delivery["attempts_count"], 1);
  EXPECT_TRUE(delivery["waiting_for"].is_null());
  EXPECT_TRUE(delivery["next_attempt_at"].is_null());
  EXPECT_TRUE(delivery["finished_at"].is_string());
  EXPECT_EQ(delivery["last_attempt"]["status"], 200);
  ASSERT_EQ(delivery["attempts"].size(), 1U);
  EXPECT_EQ(delivery["attempts"][0]["outcome"], "success");
  EXPECT_EQ(delivery["attempts"][0]["number"], 1);
  EXPECT_TRUE(delivery["attempts"][0]["error"].is_null());
}

TEST_F(DeliveryApi, TheListIsFiltered) {
  const std::string one = add_endpoint();
  const std::string other = add_endpoint(R"(,"tenant":"acme")");
  const std::string event = emit();
  emit(R"("type":"t","data":1,"tenant":"acme")");
  await_attempts(2);
  const auto count = [&](const std::string& query) {
    return get("/v1/deliveries?" + query)["data"].size();
  };
  EXPECT_EQ(count(""), 2U);
  EXPECT_EQ(count("endpoint=" + one), 1U);
  EXPECT_EQ(count("tenant=acme"), 1U);
  EXPECT_EQ(count("event=" + event + "&endpoint=" + other), 0U);
  EXPECT_EQ(count("state=delivered"), 2U);
  EXPECT_EQ(count("state=pending"), 0U);
  EXPECT_EQ(count("since=2000-01-01T00:00:00Z&until=2001-01-01T00:00:00Z"), 0U);
  expect_invalid(request("GET", "/v1/deliveries?state=x"), "/state");
  expect_invalid(request("GET", "/v1/deliveries?event=x"), "/event");
  expect_invalid(request("GET", "/v1/deliveries?limit=251"), "/limit");
}

TEST_F(DeliveryApi, APendingOneIsRetriedOrCancelled) {
  receiver_->answer_status(500);
  add_endpoint(R"(,"retry":{"kind":"schedule","delays_ms":[3600000,3600000],"jitter":0})");
  const std::string event = emit();
  await_attempts(1);
  const std::string path = "/v1/deliveries/" + delivery_of(event);
  const auto waiting = get(path);
  EXPECT_EQ(waiting["state"], "pending");
  EXPECT_TRUE(waiting["next_attempt_at"].is_string());
  const auto retried = post(path + "/retry");
  ASSERT_EQ(retried.status, 200) << retried.body;
  EXPECT_EQ(parsed(retried)["id"], waiting["id"]);
  await_attempts(1);
  EXPECT_EQ(get(path)["attempts_count"], 2);
  const auto cancelled = post(path + "/cancel");
  ASSERT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_EQ(parsed(cancelled)["state"], "cancelled");
  expect_problem(post(path + "/cancel"), 409);
  expect_problem(post(path + "/retry"), 409);
}

class WaitingApi : public DeliveryApi {
 protected:
  /// Emits an event with one delivery and returns the delivery as the API shows it.
  nlohmann::json emitted(const std::string& members = R"("type":"a","data":1)") {
    return get("/v1/deliveries/" + delivery_of(emit(members)));
  }
};

TEST_F(WaitingApi, ADeliveryWaitsForTheEndOfAThrottleWithItsInstant) {
  add_endpoint(R"(,"retry":{"kind":"schedule","delays_ms":[1000],"jitter":0})");
  receiver_->answer_with([](const Request&) {
    Response response;
    response.status = 429;
    response.retry_after = "600";
    return response;
  });
  const std::string first = emit();
  await_attempts(1);
  EXPECT_EQ(get("/v1/deliveries/" + delivery_of(first))["waiting_for"], "schedule");
  const auto waiting = emitted();
  EXPECT_EQ(waiting["waiting_for"], "throttle") << waiting;
  EXPECT_GT(waiting["next_attempt_at"], waiting["created_at"]);
  const auto listed = get("/v1/deliveries?state=pending&limit=1")["data"][0];
  EXPECT_EQ(listed["waiting_for"], "throttle");
}

TEST_F(WaitingApi, ADeliveryWaitsForTheNextSlotOfARateLimit) {
  add_endpoint(R"(,"rate_limit":{"limit":1,"period_ms":3600000})");
  emit();
  await_attempts(1);
  const auto waiting = emitted();
  EXPECT_EQ(waiting["waiting_for"], "rate_limit") << waiting;
  EXPECT_GT(waiting["next_attempt_at"], waiting["created_at"]);
}

TEST_F(WaitingApi, ADeliveryWaitsForItsProducersInstant) {
  add_endpoint();
  const auto waiting = emitted(R"("type":"a","data":1,"deliver_at":"2040-01-01T00:00:00.000Z")");
  EXPECT_EQ(waiting["waiting_for"], "deliver_at");
  EXPECT_EQ(waiting["next_attempt_at"], "2040-01-01T00:00:00.000Z");
}

TEST_F(WaitingApi, ADeliveryOfAPausedOrDisabledEndpointHasNoNextAttempt) {
  const std::string endpoint = add_endpoint();
  for (const std::string state : {"pause", "disable"}) {
    ASSERT_EQ(post("/v1/endpoints/" + endpoint + "/" + state).status, 200);
    const auto waiting = emitted();
    EXPECT_EQ(waiting["waiting_for"], state + "d");
    EXPECT_TRUE(waiting["next_attempt_at"].is_null());
  }
}

TEST_F(WaitingApi, ADeliveryWaitsForAnOlderOneOfItsOrderingKey) {
  receiver_->answer_status(500);
  add_endpoint(R"(,"ordering":"key","retry":{"kind":"schedule","delays_ms":[3600000],"jitter":0})");
  const std::string keyed = R"("type":"a","data":1,"ordering_key":"k")";
  const std::string head = emit(keyed);
  await_attempts(1);
  EXPECT_EQ(get("/v1/deliveries/" + delivery_of(head))["waiting_for"], "schedule");
  const auto behind = emitted(keyed);
  EXPECT_EQ(behind["waiting_for"], "order");
  EXPECT_TRUE(behind["next_attempt_at"].is_null());
}

TEST_F(WaitingApi, ADeliveryWaitsForTheProbeOfAnOpenCircuit) {
  receiver_->answer_status(500);
  const std::string endpoint = add_endpoint();
  for (int i = 0; i < 10; ++i) emit();
  await_attempts(10);
  const auto waiting = emitted();
  EXPECT_EQ(waiting["waiting_for"], "circuit") << waiting;
  const auto circuit = get("/v1/endpoints/" + endpoint)["circuit"];
  EXPECT_EQ(waiting["next_attempt_at"], circuit["next_probe_at"]);
}

TEST_F(DeliveryApi, UnknownDeliveriesAre404) {
  for (const char* id : {"x", "dlv_00000000000000000000000000", "evt_0000000000000000000000000"}) {
    const std::string path = "/v1/deliveries/" + std::string(id);
    expect_problem(request("GET", path), 404);
    expect_problem(post(path + "/retry"), 404);
    expect_problem(post(path + "/cancel"), 404);
    expect_problem(request("GET", "/v1/dead-letters/" + std::string(id)), 404);
    expect_problem(request("DELETE", "/v1/dead-letters/" + std::string(id)), 404);
    expect_problem(post("/v1/dead-letters/" + std::string(id) + "/replay"), 404);
  }
}

TEST_F(DeliveryApi, ADeadLetterIsShownWithItsEventAndEndpoint) {
  const std::string endpoint = add_endpoint();
  const std::string id = make_dead_letter();
  const auto list = get("/v1/dead-letters")["data"];
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["id"], id);
  EXPECT_EQ(list[0]["reason"], "attempts_exhausted");
  const auto letter = get("/v1/dead-letters/" + id);
  EXPECT_EQ(letter["event_details"]["data"], nlohmann::json({{"n", 1}}));
  EXPECT_EQ(letter["endpoint_details"]["id"], endpoint);
  ASSERT_EQ(letter["attempts"].size(), 1U);
  EXPECT_EQ(letter["attempts"][0]["response_excerpt"], "broken");

  ASSERT_EQ(request("DELETE", "/v1/endpoints/" + endpoint).status, 204);
  EXPECT_TRUE(get("/v1/dead-letters/" + id)["endpoint_details"].is_null());
  expect_problem(post("/v1/dead-letters/" + id + "/replay"), 409);
}

TEST_F(DeliveryApi, DeadLettersAreFiltered) {
  const std::string endpoint = add_endpoint();
  make_dead_letter();
  const auto count = [&](const std::string& query) {
    return get("/v1/dead-letters?" + query)["data"].size();
  };
  EXPECT_EQ(count("endpoint=" + endpoint), 1U);
  EXPECT_EQ(count("type=order.created"), 1U);
  EXPECT_EQ(count("type=other"), 0U);
  EXPECT_EQ(count("reason=attempts_exhausted"), 1U);
  EXPECT_EQ(count("reason=gone"), 0U);
  EXPECT_EQ(count("tenant=acme"), 0U);
  EXPECT_EQ(count("until=2000-01-01T00:00:00Z"), 0U);
  expect_invalid(request("GET", "/v1/dead-letters?reason=x"), "/reason");
}

TEST_F(DeliveryApi, AReplayDeliversADeadLetterAgain) {
  add_endpoint();
  const std::string id = make_dead_letter();
  receiver_->answer_status(204);
  const auto answer = post("/v1/dead-letters/" + id + "/replay");
  ASSERT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(parsed(answer)["id"], id);
  await_attempts(1);
  const auto delivery = get("/v1/deliveries/" + id);
  EXPECT_EQ(delivery["state"], "delivered");
  ASSERT_EQ(delivery["attempts"].size(), 2U);
  EXPECT_EQ(delivery["attempts"][1]["number"], 2);
  expect_problem(request("GET", "/v1/dead-letters/" + id), 404);
}

TEST_F(DeliveryApi, AReplayToADisabledEndpointIs409) {
  const std::string endpoint = add_endpoint();
  const std::string id = make_dead_letter();
  ASSERT_EQ(post("/v1/endpoints/" + endpoint + "/disable").status, 200);
  expect_problem(post("/v1/dead-letters/" + id + "/replay"), 409);
}

TEST_F(DeliveryApi, ADiscardedOneStaysDeadAndIsListedNoMore) {
  add_endpoint();
  const std::string id = make_dead_letter();
  const auto answer = request("DELETE", "/v1/dead-letters/" + id);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(parsed(answer)["state"], "dead");
  EXPECT_EQ(parsed(answer)["discarded"], true);
  EXPECT_TRUE(get("/v1/dead-letters")["data"].empty());
  expect_problem(request("GET", "/v1/dead-letters/" + id), 404);
  expect_problem(post("/v1/dead-letters/" + id + "/replay"), 409);
  EXPECT_EQ(get("/v1/deliveries/" + id)["state"], "dead");
}

TEST_F(DeliveryApi, ADryRunCountsAndChangesNothing) {
  add_endpoint();
  make_dead_letter();
  for (const char* action : {"replay", "discard"}) {
    const std::string path = "/v1/dead-letters/" + std::string(action);
    const auto answer = post(path, R"({"dry_run":true})");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"total":1})");
    EXPECT_EQ(post(path, R"({"dry_run":true,"type":"x"})").body, R"({"total":0})");
    expect_invalid(post(path, R"({"reason":"x"})"), "/reason");
    expect_invalid(post(path, R"({"typo":"x"})"), "/typo");
  }
  EXPECT_EQ(get("/v1/dead-letters")["data"].size(), 1U);
  EXPECT_TRUE(get("/v1/tasks")["data"].empty());
}

TEST_F(DeliveryApi, BulkWorkIsATask) {
  add_endpoint();
  make_dead_letter();
  make_dead_letter();
  const auto answer = post("/v1/dead-letters/discard", R"({"type":"order.created"})");
  ASSERT_EQ(answer.status, 202) << answer.body;
  const auto started = parsed(answer);
  EXPECT_EQ(started["kind"], "discard_dead_letters");
  EXPECT_EQ(started["total"], 2);
  EXPECT_EQ(started["filter"]["type"], "order.created");
  const auto task = await_task(started.value("id", ""));
  EXPECT_EQ(task["state"], "done");
  EXPECT_EQ(task["done"], 2);
  EXPECT_TRUE(get("/v1/dead-letters")["data"].empty());
  EXPECT_EQ(get("/v1/tasks")["data"].size(), 1U);
  expect_problem(post("/v1/tasks/" + started.value("id", "") + "/cancel"), 409);
  expect_problem(request("GET", "/v1/tasks/task_x"), 404);
  expect_problem(post("/v1/tasks/task_x/cancel"), 404);
}

}  // namespace
}  // namespace postrider::testing
