// Requests whose answer comes later.
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mutex.h"
#include "http/client.h"
#include "http/server.h"

#include "tests/support/raw_connection.h"

namespace postrider::http {
namespace {

using testing::HasSubstr;
using testing_support::RawConnection;

constexpr std::string_view kPost = "POST /later HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";

Response text(std::string body) {
  Response answer;
  answer.body = std::move(body);
  answer.content_type = "text/plain";
  return answer;
}

/// The requests that wait for their answers.
class Waiting {
 public:
  void add(Resume resume) {
    const MutexLock lock(mutex_);
    resumes_.push_back(std::move(resume));
    changed_.notify_all();
  }
  void await(std::size_t count) {
    const MutexLock lock(mutex_);
    while (resumes_.size() < count) changed_.wait(mutex_);
  }
  /// The one that has waited longest.
  Resume take() {
    await(1);
    const MutexLock lock(mutex_);
    Resume first = std::move(resumes_.front());
    resumes_.erase(resumes_.begin());
    return first;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<Resume> resumes_ POSTRIDER_GUARDED_BY(mutex_);
};

class DeferredTest : public testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    server_ = std::make_unique<Server>(std::move(options), clock_);
    server_->route("POST", "/later", [this](const Request&) {
      Response answer;
      answer.deferred = [this](Resume resume) { waiting_.add(std::move(resume)); };
      return answer;
    });
    server_->route("POST", "/at-once", [](const Request&) {
      Response answer;
      answer.deferred = [](const Resume& resume) {
        resume([](const Request& request) { return text("at once " + request.target); });
      };
      return answer;
    });
    server_->route("GET", "/hello", [](const Request&) { return text("hello"); });
    server_->set_response_filter([](const Request& request, Response& answer) {
      answer.headers.set("X-Path", request.path);
    });
    ASSERT_TRUE(server_->start());
  }

  HttpClient client() { return std::move(*HttpClient::open(server_->url(), "")); }
  RawConnection raw() { return RawConnection(server_->port()); }
  std::future<Result<HttpResponse>> post_later() {
    return std::async(std::launch::async, [this] {
      return client().request("POST", "/later", "{}", "application/json");
    });
  }

  SystemClock clock_;
  Waiting waiting_;
  std::unique_ptr<Server> server_;
};

TEST_F(DeferredTest, AnswersWhenTheWorkHasEnded) {
  start();
  auto later = post_later();
  waiting_.take()([](const Request& request) {
    Response answer = text("for " + request.path);
    answer.status = 429;
    answer.headers.set("Retry-After", "5");
    return answer;
  });
  const auto answer = later.get();
  ASSERT_TRUE(answer) << answer.error().context;
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->body, "for /later");
  EXPECT_EQ(answer->headers.get("Content-Type"), "text/plain");
  EXPECT_EQ(answer->headers.get("Retry-After"), "5");
  EXPECT_EQ(answer->headers.get("X-Path"), "/later") << "the response filter has seen it";
}

TEST_F(DeferredTest, HoldsNoThreadWhileRequestsWait) {
  ServerOptions options;
  options.threads = 1;
  options.streams_max = 0;
  options.reserve_threads = 0;
  start(std::move(options));
  std::vector<std::future<Result<HttpResponse>>> later;
  for (int i = 0; i < 20; ++i) later.push_back(post_later());
  waiting_.await(20);
  EXPECT_EQ(client().request("GET", "/hello", {}, {})->body, "hello");
  for (int i = 0; i < 20; ++i) waiting_.take()([](const Request&) { return text("done"); });
  for (auto& one : later) EXPECT_EQ(one.get()->body, "done");
}

TEST_F(DeferredTest, KeepsTheConnectionForTheNextRequest) {
  start();
  auto connection = raw();
  connection.send(std::string(kPost) + "GET /hello HTTP/1.1\r\n\r\n");
  waiting_.take()([](const Request&) { return text("first"); });
  EXPECT_THAT(connection.read_until("first"), HasSubstr("Keep-Alive: timeout="));
  connection.read_until("hello");
  connection.send(kPost);
  waiting_.take()([](const Request&) { return text("third"); });
  connection.read_until("third");
}

TEST_F(DeferredTest, ClosesTheConnectionWhenTheClientAsksForIt) {
  start();
  auto connection = raw();
  connection.send("POST /later HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  waiting_.take()([](const Request&) { return text("bye"); });
  EXPECT_THAT(connection.read_until("bye"), HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(connection.read_all(), "");
}

TEST_F(DeferredTest, TakesAnAnswerBeforeTheHandlerHasReturned) {
  start();
  auto client = this->client();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(client.request("POST", "/at-once", "{}", "text/plain")->body, "at once /at-once");
  }
}

TEST_F(DeferredTest, DropsTheAnswerOfAClientThatHasGone) {
  start();
  {
    auto connection = raw();
    connection.send(kPost);
    waiting_.await(1);
  }
  waiting_.take()([](const Request&) { return text(std::string(1U << 20U, 'x')); });
  EXPECT_EQ(client().request("GET", "/hello", {}, {})->body, "hello");
}

TEST_F(DeferredTest, AnswersWith500WhenTheAnswerCannotBeMade) {
  start();
  auto later = post_later();
  waiting_.take()([](const Request&) -> Response { throw std::runtime_error("secret"); });
  const auto answer = later.get();
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body.find("secret"), std::string::npos);
}

TEST_F(DeferredTest, LetsRequestsThatWaitFinishWhenItStops) {
  start();
  auto later = post_later();
  waiting_.await(1);
  std::jthread stop([&] { server_->stop(); });
  waiting_.take()([](const Request&) { return text("in time"); });
  EXPECT_EQ(later.get()->body, "in time");
  stop.join();
}

TEST_F(DeferredTest, EndsRequestsThatWaitTooLongWhenItStops) {
  ServerOptions options;
  options.stop_grace = Millis{50};
  start(std::move(options));
  auto later = post_later();
  waiting_.await(1);
  server_->stop();
  EXPECT_FALSE(later.get());
  const Resume resume = waiting_.take();
  resume([](const Request&) { return text("too late"); });
  server_.reset();
  resume([](const Request&) { return text("much too late"); });
}

}  // namespace
}  // namespace postrider::http
