#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server.h"

namespace postrider::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(HttpClient, RefusesWhatIsNoServerAddress) {
  for (const char* url :
       {"", "127.0.0.1:8080", "ftp://x", "http://a b", "http://u@h", "http://h?x"}) {
    EXPECT_FALSE(HttpClient::open(url, "")) << url;
  }
  EXPECT_FALSE(HttpClient::open("http://127.0.0.1:1", "two words"));
}

TEST(HttpClient, SaysWhichServerItCannotReach) {
  // A port that was free a moment ago.
  const SystemClock clock;
  Server server({}, clock);
  ASSERT_TRUE(server.start());
  const std::string url = server.url();
  server.stop();
  auto client = HttpClient::open(url, "");
  ASSERT_TRUE(client);
  const auto answer = client->request("GET", "/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kUnavailable);
  EXPECT_EQ(answer.error().context, url + ": cannot connect");
}

TEST(HttpClient, SendsKeyPrefixAndEncodedPathAsGiven) {
  const SystemClock clock;
  Server server({}, clock);
  server.route("PATCH", "/base/v1/{id}", [](const Request& request) {
    Response answer;
    answer.status = 422;
    answer.body = std::string(request.headers.get("authorization")) + " " + request.target + " " +
                  std::string(request.headers.get("content-type"));
    return answer;
  });
  ASSERT_TRUE(server.start());
  auto client = HttpClient::open(server.url() + "/base/", "k3y");
  ASSERT_TRUE(client);
  const auto answer = client->request("PATCH", "/v1/a%20b?c=%2B", "{}", "application/json");
  ASSERT_TRUE(answer) << answer.error().context;
  EXPECT_EQ(answer->status, 422);
  EXPECT_EQ(answer->body, "Bearer k3y /base/v1/a%20b?c=%2B application/json");
}

TEST(HttpClient, CutsStreamsIntoLines) {
  const SystemClock clock;
  Server server({}, clock);
  server.route("GET", "/s", [](const Request&) {
    Response answer;
    answer.content_type = "text/event-stream";
    answer.stream = [](StreamWriter& out) {
      for (const char* piece : {"data: a", "b\r\n", "\ndata: c\n"}) out.write(piece);
    };
    return answer;
  });
  ASSERT_TRUE(server.start());
  auto client = HttpClient::open(server.url(), "");
  std::vector<std::string> lines;
  const auto answer = client->stream("/s", [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  ASSERT_TRUE(answer) << answer.error().context;
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(lines, ElementsAre("data: ab", "", "data: c"));
}

TEST(HttpClient, HandsOverTheRefusalOfAStream) {
  const SystemClock clock;
  Server server({}, clock);
  ASSERT_TRUE(server.start());
  auto client = HttpClient::open(server.url(), "");
  const auto answer = client->stream("/none", [](std::string_view) { return true; });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
  EXPECT_THAT(answer->body, HasSubstr("nothing at this path"));
}

}  // namespace
}  // namespace postrider::http
