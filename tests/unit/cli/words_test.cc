#include "app/postrider/words.h"

#include <string>

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

const WallTime kNow = parse_rfc3339("2026-01-01T12:00:00.000Z").value();

TEST(RelativeTime, SaysHowLongAgoAndHowSoon) {
  const auto at = [](std::int64_t seconds) {
    return relative_time(to_rfc3339(kNow + Millis{seconds * 1000}), kNow);
  };
  EXPECT_EQ(at(0), "just now");
  EXPECT_EQ(at(-12), "12 s ago");
  EXPECT_EQ(at(-200), "3 min ago");
  EXPECT_EQ(at(-5 * 3600), "5 h ago");
  EXPECT_EQ(at(-47 * 3600), "47 h ago");
  EXPECT_EQ(at(-3 * 86'400), "3 d ago");
  EXPECT_EQ(at(250), "in 4 min");
  EXPECT_EQ(relative_time(to_rfc3339(kNow + Millis{300}), kNow), "now");
  EXPECT_EQ(relative_time("soon", kNow), "soon");
}

TEST(NextAttemptWords, SayWhatADeliveryWaitsFor) {
  const auto words = [](const std::string& members) {
    const std::string json = R"({"state":"pending",)" + members + "}";
    return next_attempt_words(JsonView(json), kNow);
  };
  const std::string in_4_min = R"("next_attempt_at":"2026-01-01T12:04:10.000Z")";
  EXPECT_EQ(words(in_4_min), "in 4 min");
  EXPECT_EQ(words(R"("next_attempt_at":"2026-01-01T11:00:00.000Z")"), "now");
  EXPECT_EQ(words(in_4_min + R"(,"waiting_for":"schedule")"), "in 4 min");
  EXPECT_EQ(words(in_4_min + R"(,"waiting_for":"deliver_at")"), "in 4 min");
  EXPECT_EQ(words(in_4_min + R"(,"waiting_for":"circuit")"), "circuit, in 4 min");
  EXPECT_EQ(words(in_4_min + R"(,"waiting_for":"throttle")"), "throttled, in 4 min");
  EXPECT_EQ(words(in_4_min + R"(,"waiting_for":"rate_limit")"), "rate limit, in 4 min");
  EXPECT_EQ(words(in_4_min + R"(,"waiting_for":"paused")"), "paused");
  EXPECT_EQ(words(in_4_min + R"(,"waiting_for":"order")"), "ordered");
  EXPECT_EQ(words(R"("waiting_for":"due")"), "now");
  EXPECT_EQ(
      words(in_4_min + R"(,"waiting_for":"of_a_newer_server")"), "of_a_newer_server, in 4 min"
  );
  EXPECT_EQ(next_attempt_words(JsonView(R"({"state":"dead"})"), kNow), "");
}

TEST(LastAttemptWords, AreTheStatusOrWhyThereIsNone) {
  const auto words = [](const char* json) { return last_attempt_words(JsonView(json)); };
  EXPECT_EQ(words(R"({"last_attempt":{"status":503,"outcome":"http_error"}})"), "503");
  EXPECT_EQ(words(R"({"last_attempt":{"status":null,"outcome":"timeout"}})"), "timeout");
  EXPECT_EQ(words(R"({"last_attempt":null})"), "");
}

TEST(EndpointStateWords, SayWhyAnEndpointDoesNotSend) {
  const auto words = [](const char* json) { return endpoint_state_words(JsonView(json)); };
  EXPECT_EQ(words(R"({"state":"active","circuit":{"state":"closed"}})"), "active");
  EXPECT_EQ(words(R"({"state":"active","circuit":{"state":"open"}})"), "circuit open");
  EXPECT_EQ(words(R"({"state":"disabled","state_reason":"gone"})"), "disabled (gone)");
}

TEST(EndpointWords, TellOfItsLastAttemptAndWhatWaits) {
  const JsonView endpoint(
      R"({"health":{"last_success":{"at":"2026-01-01T11:00:00.000Z","status":200},)"
      R"("last_failure":{"at":"2026-01-01T11:59:00.000Z","status":null,"outcome":"timeout"},)"
      R"("waiting":1000,"more_are_waiting":true}})"
  );
  EXPECT_EQ(endpoint_last_words(endpoint), "timeout");
  EXPECT_EQ(endpoint_tried_at(endpoint), "2026-01-01T11:59:00.000Z");
  EXPECT_EQ(waiting_count_words(endpoint), "1000+");
  const JsonView fresh(R"({"health":{"last_success":null,"last_failure":null,"waiting":0}})");
  EXPECT_EQ(endpoint_last_words(fresh), "");
  EXPECT_EQ(endpoint_tried_at(fresh), "");
  EXPECT_EQ(waiting_count_words(fresh), "0");
}

TEST(ShortUrl, LeavesOutTheScheme) {
  EXPECT_EQ(short_url("https://example.com/a"), "example.com/a");
  EXPECT_EQ(short_url("http://example.com/a"), "example.com/a");
}

}  // namespace
}  // namespace postrider::cli
