#include "app/postrider/receiver.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/client.h"
#include "signing/standard.h"

namespace postrider::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ReceiverTest : public testing::Test {
 protected:
  void start(ReceiverOptions options) {
    receiver_ = std::make_unique<Receiver>(std::move(options), clock_, [this](const auto& webhook) {
      received_.push_back(webhook);
    });
    ASSERT_TRUE(receiver_->start());
  }

  int post(const std::string& body, const http::Headers& headers = {}) {
    auto client = http::HttpClient::open(receiver_->url(), "");
    const auto answer = client->request("POST", "/hook", body, "application/json", headers);
    return answer ? answer->status : 0;
  }

  http::Headers signed_headers(
      const std::string& secret, const std::string& body, std::string_view scheme = "standard"
  ) {
    const std::string_view view = secret;
    http::Headers headers;
    const signing::Message message{
        .id = "evt_1", .timestamp_s = unix_ms(clock_.wall_now()) / 1000, .body = body};
    const auto made = signing::find_scheme(scheme)->sign({&view, 1}, message, {}).value();
    for (const auto& [name, value] : made.headers) headers.add(name, value);
    return headers;
  }

  SystemClock clock_;
  std::vector<ReceivedWebhook> received_;
  std::unique_ptr<Receiver> receiver_;
};

TEST_F(ReceiverTest, VerifiesWhatWasSignedWithItsSecret) {
  const std::string secret = signing::standard().generate_secret();
  start({.secret = secret});
  const std::string body = R"({"type":"order.created","data":{"b":1.10}})";
  EXPECT_EQ(post(body, signed_headers(secret, body)), 200);
  ASSERT_EQ(received_.size(), 1U);
  EXPECT_EQ(received_[0].check, ReceivedWebhook::Check::kVerified);
  EXPECT_EQ(received_[0].body, body);
  EXPECT_THAT(to_text(received_[0]), HasSubstr("  VERIFIED  order.created\n"));
}

TEST_F(ReceiverTest, VerifiesByTheSchemeThatItIsToldOf) {
  const std::string secret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
  ReceiverOptions options;
  options.scheme.scheme = signing::find_scheme("discord");
  options.secret = secret;
  start(options);
  EXPECT_EQ(post("{}", signed_headers(secret, "{}", "discord")), 200);
  EXPECT_EQ(post("[]", signed_headers(secret, "{}", "discord")), 200);
  ASSERT_EQ(received_.size(), 2U);
  EXPECT_EQ(received_[0].check, ReceivedWebhook::Check::kVerified);
  EXPECT_EQ(received_[1].check, ReceivedWebhook::Check::kFailed);
}

TEST_F(ReceiverTest, LoadsKeysWhenNoneFitsAndTriesEachOfThem) {
  const std::string first = signing::standard().generate_secret();
  const std::string second = signing::standard().generate_secret();
  std::vector<ReceiverKey> known;
  int loads = 0;
  ReceiverOptions options;
  options.load_keys = [&] {
    ++loads;
    return known;
  };
  start(std::move(options));
  const ChosenScheme scheme{&signing::standard(), {}};
  post("{}", signed_headers(first, "{}"));
  known = {{scheme, first}, {scheme, second}};
  post("{}", signed_headers(second, "{}"));
  post("{}", signed_headers(first, "{}"));
  EXPECT_EQ(loads, 2) << "keys that are known are not loaded again";
  post("{}", signed_headers(signing::standard().generate_secret(), "{}"));
  ASSERT_EQ(received_.size(), 4U);
  EXPECT_EQ(received_[0].check, ReceivedWebhook::Check::kNotChecked);
  EXPECT_EQ(received_[1].check, ReceivedWebhook::Check::kVerified);
  EXPECT_EQ(received_[2].check, ReceivedWebhook::Check::kVerified);
  EXPECT_EQ(received_[3].check, ReceivedWebhook::Check::kFailed);
}

TEST_F(ReceiverTest, SaysWhyItDoesNotVerify) {
  const std::string secret = signing::standard().generate_secret();
  start({.secret = secret});
  EXPECT_EQ(post("{\"a\":2}", signed_headers(secret, "{\"a\":1}")), 200);
  EXPECT_EQ(post("{}"), 200);
  for (const auto& webhook : received_) {
    EXPECT_EQ(webhook.check, ReceivedWebhook::Check::kFailed);
    EXPECT_FALSE(webhook.reason.empty());
    EXPECT_THAT(to_text(webhook), HasSubstr("NOT VERIFIED (" + webhook.reason + ")"));
  }
}

TEST_F(ReceiverTest, FailsTheFirstRequestsOnly) {
  start({.status = 204, .fail_first = 2});
  EXPECT_EQ(post("{}"), 500);
  EXPECT_EQ(post("{}"), 500);
  EXPECT_EQ(post("{}"), 204);
}

TEST_F(ReceiverTest, StopEndsADelay) {
  // The delay is an hour: only stop() can end it.
  ReceiverOptions options;
  options.delay = std::chrono::hours{1};
  Mutex mutex;
  CondVar arrived;
  bool here = false;
  Receiver receiver(options, clock_, [&](const ReceivedWebhook&) {
    const MutexLock lock(mutex);
    here = true;
    arrived.notify_all();
  });
  ASSERT_TRUE(receiver.start());
  std::jthread poster([&] {
    auto client = http::HttpClient::open(receiver.url(), "");
    static_cast<void>(client->request("POST", "/", "{}", "text/plain"));
  });
  {
    const MutexLock lock(mutex);
    while (!here) arrived.wait(mutex);
  }
  receiver.stop();
}

TEST_F(ReceiverTest, RefusesASecretThatIsNone) {
  Receiver receiver({.secret = "whsec_short"}, clock_, [](const ReceivedWebhook&) {});
  const auto status = receiver.start();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kInvalidArgument);
}

TEST_F(ReceiverTest, ShowsForeignBytesEscaped) {
  start({});
  post("\x1b[2J\xff");
  ASSERT_EQ(received_.size(), 1U);
  EXPECT_THAT(to_text(received_[0]), HasSubstr("\\x1b[2J\\xff"));
  EXPECT_THAT(to_json(received_[0]), HasSubstr("\"body_base64\":\"G1sySv8=\""));
  EXPECT_THAT(to_json(received_[0]), HasSubstr("\"verified\":null"));
}

TEST_F(ReceiverTest, PrintsOneLineOfJson) {
  start({});
  post("{\"a\":\n\"\xc3\xa9\"}");
  const std::string line = to_json(received_[0]);
  EXPECT_THAT(line, StartsWith("{\"at\":\""));
  EXPECT_THAT(line, HasSubstr("\"body\":\"{\\\"a\\\":\\n\\\"\xc3\xa9\\\"}\""));
  EXPECT_THAT(line, Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace postrider::cli
