#include "transport/curl/curl_transport.h"

#include <atomic>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

#include "tests/support/scripted_server.h"

namespace postrider::curl {
namespace {

using Failure = Response::Failure;
using testing::answer_always;
using testing::RawRequest;
using testing::response_of;
using testing::ScriptedServer;
using testing::ServerConnection;
using ::testing::StartsWith;

constexpr Millis kPatience{10'000};

AddressGuard loopback_guard() {
  const std::vector<std::string> nets = {"127.0.0.0/8"};
  return AddressGuard::parse(nets).value();
}

Request request_to(std::string url, std::string body = "{}", Millis timeout = kPatience) {
  Request request;
  request.url = std::move(url);
  request.headers = {"content-type: application/json"};
  request.body = std::move(body);
  request.timeout = timeout;
  return request;
}

class CurlTransportTest : public ::testing::Test {
 protected:
  explicit CurlTransportTest(AddressGuard guard = loopback_guard())
      : transport_(clock_, {.guard = std::move(guard)}) {}

  /// Drives the transport until `count` requests have completed.
  std::vector<Completion> collect(std::size_t count) {
    std::vector<Completion> done;
    const MonoTime deadline = clock_.mono_now() + kPatience;
    while (done.size() < count && clock_.mono_now() < deadline) transport_.poll(kPatience, done);
    EXPECT_EQ(done.size(), count);
    done.resize(count);
    return done;
  }

  Response exchange(Request request) {
    transport_.submit(1, std::move(request));
    auto done = collect(1);
    EXPECT_EQ(done[0].id, 1U);
    return done[0].response;
  }

  SystemClock clock_;
  CurlTransport transport_;
};

/// One answer, whatever is asked; the connection then ends.
ScriptedServer::Handler answer_once(std::string bytes) {
  return [bytes = std::move(bytes)](ServerConnection& connection) {
    if (connection.read_request()) connection.send(bytes);
  };
}

TEST_F(CurlTransportTest, PostsHeadersAndBodyAsGiven) {
  RawRequest seen;
  ScriptedServer server{[&](ServerConnection& connection) {
    seen = connection.read_request().value();
    connection.send(response_of(200, "thanks"));
    connection.wait_for_end();
  }};
  const std::string body("{\"a\":\0\xff\r\n\r\n}", 13);
  Request request = request_to(server.url("/hook?x=1"), body);
  request.headers = {"webhook-id: evt_1", "x-empty:", "content-type: application/json"};
  const Response response = exchange(std::move(request));
  EXPECT_EQ(response.failure, Failure::kNone);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "thanks");
  EXPECT_EQ(seen.body, body);
  EXPECT_TRUE(seen.head.starts_with("POST /hook?x=1 HTTP/1.1\r\n")) << seen.head;
  for (const char* line :
       {"\r\nwebhook-id: evt_1\r\n",
        "\r\nx-empty:\r\n",
        "\r\ncontent-type: application/json\r\n",
        "\r\nContent-Length: 13\r\n"}) {
    EXPECT_NE(seen.head.find(line), std::string::npos) << line << seen.head;
  }
  for (const char* name : {"Expect", "Accept-Encoding", "Authorization", "Cookie", "User-Agent"}) {
    EXPECT_EQ(seen.head.find(name), std::string::npos) << seen.head;
  }
}

TEST_F(CurlTransportTest, PostsEmptyAndLargeBodies) {
  std::vector<std::string> seen;
  ScriptedServer server{[&](ServerConnection& connection) {
    while (const auto request = connection.read_request()) {
      seen.push_back(request->body);
      connection.send(response_of(204));
    }
  }};
  const std::string large(3U << 20U, 'x');
  EXPECT_EQ(exchange(request_to(server.url(), "")).status, 204);
  EXPECT_EQ(exchange(request_to(server.url(), large)).status, 204);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0], "");
  EXPECT_TRUE(seen[1] == large);
}

TEST_F(CurlTransportTest, KeepsConnectionsAlive) {
  ScriptedServer server{answer_always(response_of(200, "ok"))};
  for (int i = 0; i < 20; ++i) EXPECT_EQ(exchange(request_to(server.url())).status, 200);
  EXPECT_EQ(server.connection_count(), 1);
}

TEST_F(CurlTransportTest, ReportsEveryStatusAsAResponse) {
  for (const int status : {200, 299, 300, 400, 404, 410, 429, 500, 503, 599}) {
    ScriptedServer server{answer_always(response_of(status, "why"))};
    const Response response = exchange(request_to(server.url()));
    EXPECT_EQ(response.failure, Failure::kNone) << status;
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, "why");
    EXPECT_EQ(response.error, "");
  }
}

TEST_F(CurlTransportTest, DoesNotFollowRedirects) {
  ScriptedServer target{answer_always(response_of(200))};
  for (const int status : {301, 302, 303, 307, 308}) {
    ScriptedServer server{
        answer_always(response_of(status, "", "Location: " + target.url() + "\r\n"))};
    EXPECT_EQ(exchange(request_to(server.url())).status, status);
  }
  EXPECT_EQ(target.connection_count(), 0);
}

TEST_F(CurlTransportTest, PassesNoProxyOfTheEnvironment) {
  ScriptedServer proxy{answer_always(response_of(502))};
  ScriptedServer server{answer_always(response_of(200))};
  for (const char* name : {"http_proxy", "all_proxy"}) ::setenv(name, proxy.url().c_str(), 1);
  EXPECT_EQ(exchange(request_to(server.url())).status, 200);
  for (const char* name : {"http_proxy", "all_proxy"}) ::unsetenv(name);
  EXPECT_EQ(proxy.connection_count(), 0);
}

TEST_F(CurlTransportTest, TakesRetryAfterOfTheFinalResponse) {
  ScriptedServer server{answer_always(
      "HTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\n\r\n" +
      response_of(503, "", "RETRY-AFTER:  120 \r\n")
  )};
  EXPECT_EQ(exchange(request_to(server.url())).retry_after, "120");
  ScriptedServer early{
      answer_always("HTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\n\r\n" + response_of(503))};
  const Response response = exchange(request_to(early.url()));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.retry_after, "");
}

TEST_F(CurlTransportTest, ForgetsOneResponseBeforeTheNext) {
  ScriptedServer server{[](ServerConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(response_of(503, "busy", "Retry-After: 9\r\n"));
    if (connection.read_request()) connection.send(response_of(200));
    connection.wait_for_end();
  }};
  EXPECT_EQ(exchange(request_to(server.url())).retry_after, "9");
  const Response second = exchange(request_to(server.url()));
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.retry_after, "");
  EXPECT_EQ(second.body, "");
}

TEST_F(CurlTransportTest, GivesUpAfterTheTimeout) {
  ScriptedServer server{[](ServerConnection& connection) { connection.wait_for_end(); }};
  const Response response = exchange(request_to(server.url(), "{}", Millis{100}));
  EXPECT_EQ(response.failure, Failure::kTimeout);
  EXPECT_EQ(response.status, 0);
  EXPECT_FALSE(response.error.empty());
  EXPECT_GE(response.duration, Millis{95});
  EXPECT_LT(response.duration, Millis{5000});
}

TEST_F(CurlTransportTest, GivesUpOnAnAnswerThatNeverEndsItsHeaders) {
  ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nX-Slow: 1\r\n");
    connection.wait_for_end();
  }};
  const Response response = exchange(request_to(server.url(), "{}", Millis{100}));
  EXPECT_EQ(response.failure, Failure::kTimeout);
  EXPECT_EQ(response.status, 0);
}

TEST_F(CurlTransportTest, LetsTheStatusDecideWhenTheBodyIsTooSlow) {
  ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial");
    connection.wait_for_end();
  }};
  const Response response = exchange(request_to(server.url(), "{}", Millis{200}));
  EXPECT_EQ(response.failure, Failure::kNone);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "partial");
}

TEST_F(CurlTransportTest, LetsTheStatusDecideWhenTheBodyBreaks) {
  for (const std::string& answer :
       {std::string{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut"},
        std::string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"},
        std::string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"},
        std::string{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"}}) {
    ScriptedServer server{answer_once(answer)};
    const Response response = exchange(request_to(server.url()));
    EXPECT_EQ(response.failure, Failure::kNone) << answer;
    EXPECT_EQ(response.status, 200);
  }
}

TEST_F(CurlTransportTest, LetsTheStatusDecideWhenTheBodyIsReset) {
  ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n");
    connection.reset();
  }};
  const Response response = exchange(request_to(server.url()));
  // The reset may overtake the bytes: then no answer has arrived.
  if (response.failure != Failure::kNone) {
    EXPECT_EQ(response.failure, Failure::kConnect);
  } else {
    EXPECT_EQ(response.status, 202);
  }
}

TEST_F(CurlTransportTest, StopsReadingABodyWithoutEnd) {
  ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.send(std::string(8192, 'x'))) {
    }
  }};
  const Response response = exchange(request_to(server.url()));
  EXPECT_EQ(response.failure, Failure::kNone);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, std::string(limits::kResponseExcerptBytes, 'x'));
}

TEST_F(CurlTransportTest, RefusesTooManyHeaderBytes) {
  ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\n");
    while (connection.send("X-More: " + std::string(1000, 'x') + "\r\n")) {
    }
  }};
  const Response response = exchange(request_to(server.url()));
  EXPECT_EQ(response.failure, Failure::kInvalid);
  EXPECT_EQ(response.status, 0);
  EXPECT_EQ(response.error, "The response has more than 64 KiB of headers.");
}

TEST_F(CurlTransportTest, RefusesOneEndlessHeader) {
  ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nX-More: ");
    while (connection.send(std::string(8192, 'x'))) {
    }
  }};
  EXPECT_EQ(exchange(request_to(server.url())).failure, Failure::kInvalid);
}

TEST_F(CurlTransportTest, CallsGarbageInvalid) {
  for (const char* answer :
       {"garbage\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "<html></html>\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\nContent-Length: -5\r\n\r\n"}) {
    ScriptedServer server{answer_once(answer)};
    const Response response = exchange(request_to(server.url()));
    EXPECT_EQ(response.failure, Failure::kInvalid) << answer;
    EXPECT_EQ(response.status, 0) << answer;
  }
}

TEST_F(CurlTransportTest, CallsAConnectionThatEndsWithoutAnswerAConnectFailure) {
  ScriptedServer closing{[](ServerConnection& connection) { connection.read_request(); }};
  EXPECT_EQ(exchange(request_to(closing.url())).failure, Failure::kConnect);
  ScriptedServer resetting{[](ServerConnection& connection) {
    connection.read_request();
    connection.reset();
  }};
  EXPECT_EQ(exchange(request_to(resetting.url())).failure, Failure::kConnect);
}

TEST_F(CurlTransportTest, DoesNotSendAgainWhenAReusedConnectionBreaks) {
  std::atomic<int> requests = 0;
  ScriptedServer server{[&](ServerConnection& connection) {
    while (connection.read_request()) {
      if (++requests == 2) return;
      connection.send(response_of(200));
    }
  }};
  EXPECT_EQ(exchange(request_to(server.url())).status, 200);
  const Response broken = exchange(request_to(server.url()));
  EXPECT_EQ(broken.failure, Failure::kConnect);
  EXPECT_EQ(broken.error, "The receiver closed the connection before it sent a response.");
  EXPECT_EQ(requests, 2);
  EXPECT_EQ(exchange(request_to(server.url())).status, 200);
}

TEST_F(CurlTransportTest, ReportsARefusedConnection) {
  std::string url;
  {
    const ScriptedServer gone{answer_always("")};
    url = gone.url();
  }
  const Response response = exchange(request_to(url));
  EXPECT_EQ(response.failure, Failure::kConnect);
  EXPECT_EQ(
      response.error, "The receiver refused the connection. Perhaps nothing listens on this port."
  );
}

TEST_F(CurlTransportTest, ReportsANameThatDoesNotResolve) {
  // Without any name server the look-up can last longer than a test may.
  const Response response =
      exchange(request_to("http://does-not-exist.invalid/", "{}", Millis{3000}));
  if (response.failure != Failure::kTimeout) {
    EXPECT_EQ(response.failure, Failure::kDns);
    EXPECT_THAT(response.error, StartsWith("The host name could not be resolved"));
  }
}

TEST_F(CurlTransportTest, ReportsTlsThatIsNone) {
  ScriptedServer closing{[](ServerConnection& connection) {
    connection.send("HTTP/1.1 400 This is not TLS\r\n\r\n");
    connection.wait_for_end();
  }};
  const std::string url = "https://127.0.0.1:" + std::to_string(closing.port()) + "/";
  const Response response = exchange(request_to(url));
  EXPECT_EQ(response.failure, Failure::kTls);
  EXPECT_EQ(
      response.error,
      "The receiver does not speak TLS on this port. Check the scheme and the port of the URL."
  );
}

TEST_F(CurlTransportTest, CompletesRequestsThatCannotBegin) {
  for (const char* url :
       {"", "nonsense", "ftp://127.0.0.1/", "file:///etc/passwd", "http://user:pw@127.0.0.1/"}) {
    const Response response = exchange(request_to(url));
    EXPECT_NE(response.failure, Failure::kNone) << url;
    EXPECT_EQ(response.error.find("pw"), std::string::npos);
  }
}

TEST_F(CurlTransportTest, SendsManyRequestsAtOnce) {
  constexpr std::size_t kCount = 300;
  ScriptedServer server{[](ServerConnection& connection) {
    while (const auto request = connection.read_request()) {
      connection.send(response_of(200, request->body));
    }
  }};
  for (TransferId id = 0; id < kCount; ++id) {
    transport_.submit(id, request_to(server.url(), std::to_string(id)));
  }
  std::map<TransferId, std::string> bodies;
  for (const Completion& done : collect(kCount)) {
    EXPECT_EQ(done.response.status, 200) << done.response.error;
    bodies[done.id] = done.response.body;
  }
  ASSERT_EQ(bodies.size(), kCount);
  for (const auto& [id, body] : bodies) EXPECT_EQ(body, std::to_string(id));
}

TEST_F(CurlTransportTest, IsNotHeldUpByAHangingReceiver) {
  ScriptedServer hanging{[](ServerConnection& connection) { connection.wait_for_end(); }};
  ScriptedServer healthy{answer_always(response_of(200))};
  for (TransferId id = 100; id < 150; ++id) transport_.submit(id, request_to(hanging.url()));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(exchange(request_to(healthy.url())).status, 200);
}

TEST_F(CurlTransportTest, WaitsNoLongerThanAskedFor) {
  ScriptedServer hanging{[](ServerConnection& connection) { connection.wait_for_end(); }};
  transport_.submit(1, request_to(hanging.url()));
  std::vector<Completion> done;
  const MonoTime start = clock_.mono_now();
  transport_.poll(Millis{0}, done);
  transport_.poll(Millis{50}, done);
  EXPECT_TRUE(done.empty());
  EXPECT_GE(clock_.mono_now() - start, Millis{50});
  EXPECT_LT(clock_.mono_now() - start, kPatience);
}

TEST_F(CurlTransportTest, IsWokenByAnotherThread) {
  std::vector<Completion> done;
  const MonoTime start = clock_.mono_now();
  std::jthread other{[this] { transport_.wake(); }};
  transport_.poll(Millis{60'000}, done);
  other.join();
  EXPECT_LT(clock_.mono_now() - start, Millis{30'000});
  EXPECT_TRUE(done.empty());
}

TEST_F(CurlTransportTest, RemembersAWakeUpForTheNextPoll) {
  std::vector<Completion> done;
  const MonoTime start = clock_.mono_now();
  transport_.wake();
  transport_.poll(Millis{60'000}, done);
  EXPECT_LT(clock_.mono_now() - start, Millis{30'000});
  transport_.poll(Millis{50}, done);
  EXPECT_GE(clock_.mono_now() - start, Millis{50});
}

TEST_F(CurlTransportTest, MayBeDestroyedWithRequestsInFlight) {
  ScriptedServer hanging{[](ServerConnection& connection) { connection.wait_for_end(); }};
  ScriptedServer healthy{answer_always(response_of(200))};
  CurlTransport doomed{clock_, {.guard = loopback_guard()}};
  for (TransferId id = 0; id < 20; ++id) doomed.submit(id, request_to(hanging.url()));
  doomed.submit(20, request_to("http://does-not-exist.invalid/"));
  doomed.submit(21, request_to(healthy.url()));
  std::vector<Completion> done;
  doomed.poll(Millis{1000}, done);
  doomed.submit(22, request_to(healthy.url()));
}

class GuardedTransportTest : public CurlTransportTest {
 protected:
  GuardedTransportTest() : CurlTransportTest(AddressGuard{}) {}
};

TEST_F(GuardedTransportTest, BlocksLoopbackInEverySpelling) {
  ScriptedServer server{answer_always(response_of(200))};
  for (const char* host :
       {"127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "127.0.0.1.",
        "localhost.",
        "%31%32%37.0.0.1"}) {
    const std::string url = "http://" + std::string{host} + ":" + std::to_string(server.port());
    const Response response = exchange(request_to(url));
    // "127.0.0.1." is a name for libcurl, and one that need not resolve.
    EXPECT_TRUE(response.failure == Failure::kBlocked || response.failure == Failure::kDns)
        << host << static_cast<int>(response.failure);
    EXPECT_EQ(response.error.find("127"), std::string::npos);
  }
  EXPECT_EQ(exchange(request_to(server.url())).failure, Failure::kBlocked);
  EXPECT_EQ(server.connection_count(), 0);
}

TEST_F(GuardedTransportTest, BlocksTheMetadataAddressAtOnce) {
  const Response response = exchange(request_to("http://169.254.169.254/latest/meta-data/"));
  EXPECT_EQ(response.failure, Failure::kBlocked);
  EXPECT_LT(response.duration, Millis{5000});
}

TEST_F(CurlTransportTest, TriesTheAllowedOnesAmongTheAddressesOfAName) {
  ScriptedServer server{answer_always(response_of(200))};
  // localhost is ::1 and 127.0.0.1 for libcurl; only the latter is allowed.
  const std::string url = "http://localhost:" + std::to_string(server.port()) + "/";
  EXPECT_EQ(exchange(request_to(url)).status, 200);
}

}  // namespace
}  // namespace postrider::curl
