#include "bench/sink.h"

#include <gtest/gtest.h>

#include "bench/mark.h"
#include "http/client.h"

namespace postrider::testing {
namespace {

class SinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto sink = bench::Sink::open(clock_, {});
    ASSERT_TRUE(sink) << sink.error().context;
    sink_ = std::move(*sink);
    auto client = http::HttpClient::open("http://127.0.0.1:" + std::to_string(sink_->port()), "");
    ASSERT_TRUE(client);
    client_ = std::make_unique<http::HttpClient>(std::move(*client));
  }

  void post(std::uint32_t number, std::size_t bytes = 500) {
    std::string body;
    bench::append_marked_data(body, {number, bench::to_us(clock_.mono_now())}, bytes);
    const auto answer = client_->request("POST", "/endpoint/0", std::move(body), "text/plain");
    ASSERT_TRUE(answer) << answer.error().context;
    EXPECT_EQ(answer->status, 200);
  }

  SystemClock clock_;
  std::unique_ptr<bench::Sink> sink_;
  std::unique_ptr<http::HttpClient> client_;
};

}  // namespace

TEST_F(SinkTest, KnowsWhenEverythingHasCome) {
  sink_->expect(2, 1);
  post(0);
  EXPECT_FALSE(sink_->wait_for_all(Millis{0}));
  post(1, 200'000);
  EXPECT_TRUE(sink_->wait_for_all(Millis{5000}));
  EXPECT_EQ(sink_->wrong_counts(), 0U);
  EXPECT_EQ(sink_->latencies_us().size(), 2U);
}

TEST_F(SinkTest, TellsWhatIsMissingAndWhatCameTwice) {
  sink_->expect(3, 1);
  post(0);
  post(0);
  post(2);
  EXPECT_EQ(sink_->wrong_counts(), 2U);
}

}  // namespace postrider::testing
