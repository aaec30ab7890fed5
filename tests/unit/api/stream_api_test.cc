#include <future>

#include "tests/support/api_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class StreamApi : public ApiTest {
 protected:
  /// Reads a stream until a line begins with `wanted`; `on_open` runs when its first line is there.
  std::string read_until(
      const std::string& path, std::string_view wanted, const std::function<void()>& on_open
  ) {
    auto client = http::HttpClient::open(server_->url(), std::string(kRootKey));
    EXPECT_TRUE(client);
    std::string found;
    bool opened = false;
    const auto answer = client->stream(path, [&](std::string_view line) {
      if (!opened) on_open();
      opened = true;
      if (!line.starts_with(wanted)) return true;
      found = line;
      return false;
    });
    EXPECT_TRUE(opened);
    return found;
  }
};

TEST_F(StreamApi, AttemptsAreSeenAsTheyHappen) {
  const std::string endpoint = add_endpoint();
  std::string event;
  const std::string line = read_until("/v1/stream", "data:", [&] { event = emit(); });
  const auto attempt = nlohmann::json::parse(line.substr(5), nullptr, false);
  ASSERT_FALSE(attempt.is_discarded()) << line;
  EXPECT_EQ(attempt["event"], event);
  EXPECT_EQ(attempt["endpoint"], endpoint);
  EXPECT_EQ(attempt["status"], 200);
  EXPECT_EQ(attempt["number"], 1);
  EXPECT_EQ(attempt["delivery_state"], "delivered");
  EXPECT_THAT(attempt.value("id", ""), StartsWith("att_"));
}

TEST_F(StreamApi, AQuietStreamSaysThatItIsStillThere) {
  EXPECT_THAT(read_until("/v1/stream", ":", [] {}), HasSubstr("still here"));
}

TEST_F(StreamApi, AFilterLetsOnlyItsOwnThrough) {
  add_endpoint();
  const std::string other = add_endpoint(R"(,"tenant":"acme")");
  const std::string line = read_until("/v1/stream?endpoint=" + other, "data:", [&] {
    emit();
    await_attempts(1);
    emit(R"("type":"t","data":1,"tenant":"acme")");
  });
  EXPECT_THAT(line, HasSubstr(other));
  expect_invalid(request("GET", "/v1/stream?endpoint=x"), "/endpoint");
}

}  // namespace
}  // namespace postrider::testing
