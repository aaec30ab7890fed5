// The REST API over a real service and a real database, with a receiver in the test's hands.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/api.h"
#include "base/mutex.h"
#include "http/client.h"
#include "http/server.h"
#include "service/service.h"
#include "store/sqlite/sqlite_store.h"

#include "tests/support/fake_programs.h"
#include "tests/support/fake_transport.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {

/// Nobody else writes to the database.
class NoChangeWatch final : public ChangeWatch {
 public:
  bool wait(Millis timeout) override {
    const MutexLock lock(mutex_);
    const bool woken = woken_ || changed_.wait_for(mutex_, timeout);
    woken_ = false;
    return woken;
  }
  void wake() noexcept override {
    const MutexLock lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool woken_ POSTRIDER_GUARDED_BY(mutex_) = false;
};

class NoCheckpointer final : public Checkpointer {
 public:
  Status checkpoint() override { return {}; }
};

/// Deliveries make one attempt unless their endpoint says otherwise.
class ApiTest : public ::testing::Test {
 protected:
  static constexpr std::string_view kRootKey = "pr_root_key_of_the_test";

  void SetUp() override {
    ServiceOptions options;
    options.engine.retry_default.delays = {};
    options.engine.request.user_agent = "Postrider/test";
    options.root_key = kRootKey;
    options.event_bytes_max = kEventBytesMax;
    options.drain_timeout = Millis{1000};
    const std::string path = dir_.file("postrider.db");
    auto store = sqlite::SqliteStore::open(path);
    ASSERT_TRUE(store) << store.error().context;
    ServiceParts parts;
    parts.store = std::move(*store);
    parts.readers = std::make_unique<sqlite::SqliteReaders>(path);
    parts.transport = std::make_unique<FakeTransport>(receiver_);
    parts.programs = std::make_unique<FakePrograms>();
    parts.outbox_watch = std::make_unique<NoChangeWatch>();
    parts.checkpointer = std::make_unique<NoCheckpointer>();
    auto service = Service::create(std::move(options), std::move(parts), clock_);
    ASSERT_TRUE(service) << service.error().context;
    service_ = std::move(*service);
    const auto started = service_->start();
    ASSERT_TRUE(started) << started.error().context;
    feed_next_ = service_->attempt_feed().next_number();
    serve();
    // httplib fills its statics at its first request. Its build hides from ThreadSanitizer that
    // they are guarded, so no two threads are to meet there.
    ASSERT_EQ(request("GET", "/healthz").status, 200);
  }

  void TearDown() override {
    if (server_) server_->stop();
    if (service_) service_->stop();
  }

  static constexpr std::size_t kEventBytesMax = 64U << 10U;

  /// A request with the root key.
  http::HttpResponse request(
      std::string_view method,
      std::string_view path,
      std::string body = {},
      std::string_view type = "application/json",
      const http::Headers& headers = {}
  ) {
    return request_as(kRootKey, method, path, std::move(body), type, headers);
  }

  http::HttpResponse request_as(
      std::string_view key,
      std::string_view method,
      std::string_view path,
      std::string body = {},
      std::string_view type = "application/json",
      const http::Headers& headers = {}
  ) {
    auto client = http::HttpClient::open(server_->url(), std::string(key));
    EXPECT_TRUE(client);
    if (body.empty()) type = {};
    auto answer = client->request(method, path, std::move(body), type, headers);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().context);
    return answer ? *answer : http::HttpResponse{};
  }

  static nlohmann::json parsed(const http::HttpResponse& answer) {
    auto json = nlohmann::json::parse(answer.body, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << answer.body;
    return json;
  }

  /// Whether the answer is a complete problem of that status.
  static void expect_problem(const http::HttpResponse& answer, int status) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.headers.get("Content-Type"), "application/problem+json");
    const auto problem = parsed(answer);
    EXPECT_EQ(problem.value("status", 0), status);
    for (const char* member : {"type", "title", "detail"}) {
      EXPECT_FALSE(problem.value(member, "").empty()) << member;
    }
    EXPECT_EQ(problem.value("request_id", ""), answer.headers.get("X-Request-Id"));
    EXPECT_TRUE(status != 422 || !problem["errors"].empty());
  }

  /// 422 (or 413) with an error at `pointer`.
  static void expect_invalid(
      const http::HttpResponse& answer, std::string_view pointer, int status = 422
  ) {
    expect_problem(answer, status);
    std::string pointers;
    const auto problem = parsed(answer);
    for (const auto& error : problem.value("errors", nlohmann::json::array())) {
      if (error["pointer"] == pointer) return;
      pointers += error["pointer"].get<std::string>() + " ";
    }
    ADD_FAILURE() << "no error at " << pointer << " but at " << pointers;
  }

  /// Registers an endpoint and returns its id. `members`: further members, each with its comma.
  std::string add_endpoint(std::string_view members = {}) {
    const auto answer = request(
        "POST",
        "/v1/endpoints",
        R"({"url":"https://receiver.example/hook")" + std::string(members) + "}"
    );
    EXPECT_EQ(answer.status, 201) << answer.body;
    return parsed(answer).value("id", "");
  }

  /// Emits an event and returns its id.
  std::string emit(std::string_view members = R"("type":"order.created","data":{"n":1})") {
    const auto answer = request("POST", "/v1/events", "{" + std::string(members) + "}");
    EXPECT_EQ(answer.status, 202) << answer.body;
    return parsed(answer).value("id", "");
  }

  /// Waits until `count` further attempts are committed.
  void await_attempts(std::size_t count) {
    const MonoTime end = clock_.mono_now() + std::chrono::seconds(20);
    while (count > 0 && clock_.mono_now() < end) {
      for (const auto& item : service_->attempt_feed().wait_from(feed_next_, Millis{1000})) {
        feed_next_ = item.number + 1;
        --count;
        if (count == 0) return;
      }
    }
    ASSERT_EQ(count, 0U) << "attempts that did not come";
  }

  /// The only delivery of an event.
  std::string delivery_of(const std::string& event) {
    const auto page = parsed(request("GET", "/v1/events/" + event + "/deliveries"));
    EXPECT_EQ(page["data"].size(), 1U) << page;
    return page["data"].empty() ? std::string{} : page["data"][0].value("id", "");
  }

  /// A delivery that is a dead letter, of the endpoint.
  std::string make_dead_letter() {
    receiver_->answer_status(500, "broken");
    const std::string event = emit();
    await_attempts(1);
    return delivery_of(event);
  }

  std::shared_ptr<FakeReceiver> receiver_ = std::make_shared<FakeReceiver>();
  SystemClock clock_;
  TempDir dir_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<http::Server> server_;

 private:
  void serve() {
    api::ApiOptions options;
    options.check_url = [](const std::string& url) -> Status {
      if (url.starts_with("http")) return {};
      return fail(Errc::kInvalidArgument, "must begin with http:// or https://");
    };
    options.stream_keep_alive = Millis{200};
    api_ = std::make_unique<api::Api>(*service_, std::move(options));
    http::ServerOptions server;
    server.threads = 4;
    server.stop_grace = Millis{1000};
    server_ = std::make_unique<http::Server>(std::move(server), clock_);
    api_->add_routes(*server_);
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().context;
  }

  std::uint64_t feed_next_ = 0;
};

}  // namespace postrider::testing
