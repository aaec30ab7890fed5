#include "http/server.h"

#include <atomic>
#include <future>
#include <set>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mutex.h"
#include "http/client.h"

#include "tests/support/raw_connection.h"

namespace postrider::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing_support::RawConnection;

/// Handlers wait here until the test lets them go.
class Gatekeeper {
 public:
  void wait() {
    const MutexLock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    while (!open_) changed_.wait(mutex_);
  }
  void await_waiting(int count) {
    const MutexLock lock(mutex_);
    while (waiting_ < count) changed_.wait(mutex_);
  }
  void open() {
    const MutexLock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int waiting_ POSTRIDER_GUARDED_BY(mutex_) = 0;
  bool open_ POSTRIDER_GUARDED_BY(mutex_) = false;
};

Response text(std::string body) {
  Response answer;
  answer.body = std::move(body);
  answer.content_type = "text/plain";
  return answer;
}

class ServerTest : public testing::Test {
 protected:
  ~ServerTest() override { gatekeeper_.open(); }

  void start(ServerOptions options = {}) {
    server_ = std::make_unique<Server>(std::move(options), clock_);
    server_->route("POST", "/echo", [](const Request& request) { return text(request.body); });
    server_->route("GET", "/hello", [](const Request&) { return text("hello"); });
    server_->route("GET", "/healthz", [](const Request&) { return text("ok"); });
    server_->route(
        "POST", "/small", [](const Request& r) { return text(r.body); }, 8
    );
    server_->route("GET", "/throw", [](const Request&) -> Response {
      throw std::runtime_error("secret");
    });
    server_->route("GET", "/wait", [this](const Request&) {
      gatekeeper_.wait();
      return text("waited");
    });
    server_->route("GET", "/stream", [](const Request&) {
      Response answer;
      answer.content_type = "text/event-stream";
      answer.stream = [](StreamWriter& out) {
        int count = 0;
        while (out.open() && out.write("data: " + std::to_string(count) + "\n\n")) ++count;
      };
      return answer;
    });
    server_->set_response_filter([](const Request&, Response& answer) {
      answer.headers.set("X-Request-Id", "42");
    });
    ASSERT_TRUE(server_->start());
  }

  HttpClient client() { return std::move(*HttpClient::open(server_->url(), "")); }
  RawConnection raw() { return RawConnection(server_->port()); }

  /// The status line and headers of one answer.
  static std::string head(RawConnection& connection) { return connection.read_until("\r\n\r\n"); }

  SystemClock clock_;
  Gatekeeper gatekeeper_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, KeepsBodiesOfEveryContentType) {
  start();
  auto client = this->client();
  std::string body("a=1&b=%20+\0\r\n--x", 17);
  body.append(20'000, '&');
  for (const char* type :
       {"application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        ""}) {
    const auto answer = client.request("POST", "/echo", body, type);
    ASSERT_TRUE(answer) << answer.error().context;
    EXPECT_EQ(answer->status, 200) << type;
    EXPECT_EQ(answer->body, body) << type;
  }
}

TEST_F(ServerTest, LeavesEncodedBodiesAsTheyAre) {
  start();
  auto client = this->client();
  const auto answer =
      client.request("POST", "/echo", "not gzip", "text/plain", {{"Content-Encoding", "gzip"}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "not gzip");
}

TEST_F(ServerTest, NeitherSlicesNorCompressesAnswers) {
  start();
  auto connection = raw();
  connection.send(
      "GET /hello HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\nAccept-Encoding: gzip, br\r\n\r\n"
  );
  const std::string answer = head(connection);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
}

TEST_F(ServerTest, AnswersAPostWithoutLengthAtOnce) {
  start();
  auto connection = raw();
  connection.send("POST /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(head(connection), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, ReadsChunkedBodies) {
  start();
  auto connection = raw();
  connection.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /hello HTTP/1.1\r\n\r\n"
  );
  head(connection);
  EXPECT_EQ(connection.read_until("abcde"), "abcde");
  EXPECT_THAT(head(connection), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(connection.read_until("hello"), "hello");
}

TEST_F(ServerTest, BoundsChunkedBodies) {
  start();
  auto connection = raw();
  connection.send(
      "POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nabcde\r\n5\r\nabcde\r\n0\r\n\r\n"
  );
  const std::string answer = connection.read_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

TEST_F(ServerTest, RefusesABodyByItsLengthBeforeItIsSent) {
  start();
  auto connection = raw();
  connection.send("POST /small HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
  const std::string answer = head(connection);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
}

TEST_F(ServerTest, AsksForTheBodyOfAClientThatWaits) {
  start();
  auto connection = raw();
  connection.send("POST /small HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(head(connection), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.send("abc");
  EXPECT_THAT(head(connection), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, ServesPipelinedRequestsInOrder) {
  start();
  auto connection = raw();
  connection.send("GET /hello HTTP/1.1\r\n\r\nPOST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
  head(connection);
  EXPECT_EQ(connection.read_until("hello"), "hello");
  head(connection);
  EXPECT_EQ(connection.read_until("hi"), "hi");
}

TEST_F(ServerTest, SkipsTheBodyOfAGet) {
  start();
  auto connection = raw();
  connection.send("GET /hello HTTP/1.1\r\nContent-Length: 4\r\n\r\nGET GET /hello HTTP/1.1\r\n\r\n"
  );
  head(connection);
  EXPECT_EQ(connection.read_until("hello"), "hello");
  EXPECT_THAT(head(connection), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, CarriesManyRequestsOnOneConnection) {
  start();
  auto connection = raw();
  for (int i = 0; i < 200; ++i) {
    connection.send("GET /hello HTTP/1.1\r\n\r\n");
    ASSERT_THAT(head(connection), StartsWith("HTTP/1.1 200 ")) << i;
    ASSERT_EQ(connection.read_until("hello"), "hello");
  }
}

TEST_F(ServerTest, NamesWhatIsWrongWithAHead) {
  start();
  for (const char* bad :
       {"POST /echo HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /hello HTTP/2.0\r\n\r\n",
        "GET /hello\r\n\r\n",
        "\r\n\r\n",
        "nonsense\r\n\r\n"}) {
    auto connection = raw();
    connection.send(bad);
    const std::string answer = connection.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << bad;
    EXPECT_THAT(answer, HasSubstr("X-Request-Id: 42\r\n")) << bad;
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n")) << bad;
  }
}

TEST_F(ServerTest, BoundsTheHead) {
  start();
  auto connection = raw();
  std::string request = "GET /hello HTTP/1.1\r\n";
  for (int i = 0; i < 2000; ++i) request += "X-Filler: " + std::string(50, 'x') + "\r\n";
  connection.send(request);
  EXPECT_THAT(connection.read_all(), StartsWith("HTTP/1.1 431 "));
}

TEST_F(ServerTest, ReadsHeadsThatComeInPieces) {
  start();
  auto connection = raw();
  const std::string request = "POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t i = 1; i <= request.size(); ++i) {
    connection.send(request.substr(0, i));
    connection.send(request.substr(i));
    EXPECT_THAT(head(connection), StartsWith("HTTP/1.1 200 ")) << i;
    EXPECT_EQ(connection.read_until("hello"), "hello") << i;
  }
}

TEST_F(ServerTest, AnswersMethodsThatNobodyKnowsLikeOthers) {
  start();
  EXPECT_EQ(client().request("BREW", "/echo")->status, 405);
  EXPECT_EQ(client().request("BREW", "/nowhere")->status, 404);
}

TEST_F(ServerTest, TellsUnknownPathsFromWrongMethods) {
  start();
  auto client = this->client();
  EXPECT_EQ(client.request("GET", "/nowhere")->status, 404);
  const auto wrong = client.request("DELETE", "/echo", "some body", "text/plain");
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->headers.get("allow"), "POST");
  EXPECT_EQ(client.request("GET", "/hello")->status, 200);
}

TEST_F(ServerTest, HidesWhatAHandlerThrows) {
  start();
  const auto answer = client().request("GET", "/throw");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_THAT(answer->body, Not(HasSubstr("secret")));
}

TEST_F(ServerTest, AnswersHealthWhileEveryThreadIsBusy) {
  start({.threads = 1, .reserved_paths = {"/healthz"}});
  auto busy = raw();
  busy.send("GET /wait HTTP/1.1\r\n\r\n");
  gatekeeper_.await_waiting(1);
  EXPECT_EQ(client().request("GET", "/healthz")->body, "ok");
}

TEST_F(ServerTest, RefusesWhatWaitsTooLongForAThread) {
  start({.threads = 1, .queue_wait_max = Millis{50}});
  auto busy = raw();
  busy.send("GET /wait HTTP/1.1\r\n\r\n");
  gatekeeper_.await_waiting(1);
  const auto refused = client().request("GET", "/hello");
  ASSERT_TRUE(refused) << refused.error().context;
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->headers.get("retry-after"), "1");
}

TEST_F(ServerTest, IdleConnectionsHoldNoThread) {
  start({.threads = 1});
  std::vector<std::unique_ptr<RawConnection>> idle;
  for (int i = 0; i < 50; ++i) {
    idle.push_back(std::make_unique<RawConnection>(server_->port()));
    idle.back()->send("GET /hello HTTP/1.1\r\n\r\n");
    EXPECT_EQ(idle.back()->read_until("hello").substr(0, 12), "HTTP/1.1 200");
  }
  EXPECT_EQ(client().request("GET", "/hello")->status, 200);
}

TEST_F(ServerTest, RefusesConnectionsBeyondTheLimit) {
  start({.connections_max = 1});
  auto first = raw();
  first.send("GET /hello HTTP/1.1\r\n\r\n");
  first.read_until("hello");
  auto second = raw();
  EXPECT_THAT(second.read_all(), StartsWith("HTTP/1.1 503 "));
}

TEST_F(ServerTest, FinishesEveryRefusalOfAConnectionAnew) {
  server_ = std::make_unique<Server>(ServerOptions{.connections_max = 1}, clock_);
  std::atomic<int> answers = 0;  // of the server's threads
  server_->set_response_filter([&](const Request&, Response& answer) {
    answer.headers.set("X-Request-Id", std::to_string(++answers));
  });
  ASSERT_TRUE(server_->start());
  const auto first = raw();
  std::set<std::string> refusals;
  for (int i = 0; i < 3; ++i) refusals.insert(raw().read_all());
  EXPECT_EQ(refusals.size(), 3U) << *refusals.begin();
  server_->stop();
}

TEST_F(ServerTest, ShowsTheObserverEveryAnswerWithTheIdOfItsRequest) {
  server_ = std::make_unique<Server>(ServerOptions{}, clock_);
  server_->route("GET", "/hello/{name}", [](const Request& request) { return text(request.id); });
  server_->set_identifier([](const Request& request) {
    return "id of " + std::string{request.headers.get("X-Name")};
  });
  Mutex mutex;
  std::vector<std::string> seen;
  server_->set_observer([&](const Request& request, const Response& answer, Millis duration) {
    EXPECT_GE(duration.count(), 0);
    const MutexLock lock(mutex);
    seen.push_back(
        request.id + ": " + std::string{request.route} + " " + std::to_string(answer.status)
    );
  });
  ASSERT_TRUE(server_->start());
  auto connection = raw();
  connection.send("GET /hello/x?secret=1 HTTP/1.1\r\nX-Name: one\r\n\r\n");
  connection.read_until("id of one");
  connection.send("GET /nothing HTTP/1.1\r\nX-Name: two\r\nConnection: close\r\n\r\n");
  static_cast<void>(connection.read_all());
  server_->stop();
  const MutexLock lock(mutex);
  EXPECT_EQ(seen, (std::vector<std::string>{"id of one: /hello/{name} 200", "id of two:  404"}));
}

TEST_F(ServerTest, SaysHowLongAnIdleConnectionIsKept) {
  start({.keep_alive = Millis{7900}});
  auto kept = raw();
  kept.send("GET /hello HTTP/1.1\r\n\r\n");
  EXPECT_THAT(head(kept), HasSubstr("\r\nKeep-Alive: timeout=7\r\n"));
  for (const char* request :
       {"GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /hello HTTP/1.0\r\n\r\n",
        "GET /stream HTTP/1.1\r\n\r\n",
        "BAD\r\n\r\n"}) {
    auto closed = raw();
    closed.send(request);
    EXPECT_THAT(head(closed), Not(HasSubstr("Keep-Alive"))) << request;
  }
}

TEST_F(ServerTest, PromisesNothingOfConnectionsKeptForLessThanASecond) {
  start({.keep_alive = Millis{900}});
  auto connection = raw();
  connection.send("GET /hello HTTP/1.1\r\n\r\n");
  EXPECT_THAT(head(connection), Not(HasSubstr("Keep-Alive")));
}

TEST_F(ServerTest, DropsAClientThatStallsWithinARequest) {
  start({.read_gap = Millis{50}});
  auto connection = raw();
  connection.send("POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_THAT(connection.read_all(), Not(HasSubstr(" 200 ")));
}

TEST_F(ServerTest, ClosesIdleConnections) {
  start({.keep_alive = Millis{10}});
  auto connection = raw();
  EXPECT_EQ(connection.read_all(), "");
}

TEST_F(ServerTest, StreamsUntilTheClientLeavesAndThenServesOthers) {
  start({.threads = 1, .streams_max = 1});
  for (int round = 0; round < 3; ++round) {
    int lines = 0;
    auto client = this->client();
    const auto answer = client.stream("/stream", [&](std::string_view line) {
      EXPECT_THAT(std::string(line), testing::AnyOf(StartsWith("data: "), ""));
      return ++lines < 20;
    });
    ASSERT_TRUE(answer) << answer.error().context;
    if (answer->status == 503) --round;  // the stream before has not ended yet
    EXPECT_EQ(this->client().request("GET", "/hello")->status, 200);
  }
}

TEST_F(ServerTest, CapsStreamsAndKeepsServing) {
  start({.threads = 1, .streams_max = 1});
  auto first = raw();
  first.send("GET /stream HTTP/1.1\r\n\r\n");
  first.read_until("data: 0");
  EXPECT_EQ(client().request("GET", "/stream")->status, 503);
  EXPECT_EQ(client().request("GET", "/hello")->status, 200);
}

TEST_F(ServerTest, StopEndsStreamsAndIdleConnectionsAndFinishesRequests) {
  start();
  auto idle = raw();
  auto stream = raw();
  stream.send("GET /stream HTTP/1.1\r\n\r\n");
  stream.read_until("data: 0");
  auto busy = raw();
  busy.send("GET /wait HTTP/1.1\r\n\r\n");
  gatekeeper_.await_waiting(1);
  auto stopped = std::async(std::launch::async, [this] { server_->stop(); });
  EXPECT_EQ(idle.read_all(), "");
  stream.read_all();
  gatekeeper_.open();
  EXPECT_THAT(busy.read_all(), HasSubstr("waited"));
  stopped.get();
  server_->stop();
}

TEST_F(ServerTest, StartsAndStopsManyTimes) {
  for (int round = 0; round < 50; ++round) {
    start({.threads = 2, .reserve_threads = 1, .streams_max = 1});
    EXPECT_EQ(client().request("GET", "/hello")->status, 200);
    server_->stop();
  }
}

TEST_F(ServerTest, ReportsAPortInUse) {
  start();
  Server second({.port = server_->port()}, clock_);
  const auto status = second.start();
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().context, HasSubstr("in use"));
}

TEST_F(ServerTest, GateEndsARequestBeforeItsBodyIsRead) {
  server_ = std::make_unique<Server>(ServerOptions{}, clock_);
  server_->route("POST", "/echo", [](const Request& request) { return text(request.body); });
  server_->set_request_filter([](const Request& request) -> std::optional<Response> {
    if (request.headers.get("authorization") == "Bearer k") return std::nullopt;
    Response answer = text("no key");
    answer.status = 401;
    return answer;
  });
  ASSERT_TRUE(server_->start());
  auto connection = raw();
  connection.send("POST /echo HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_THAT(head(connection), StartsWith("HTTP/1.1 401 "));
  auto with_key = HttpClient::open(server_->url(), "k");
  EXPECT_EQ(with_key->request("POST", "/echo", "x", "text/plain")->body, "x");
}

}  // namespace
}  // namespace postrider::http
