#include "domain/outcome.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace postrider {
namespace {

constexpr WallTime kNow = from_unix_ms(1767225600000);
constexpr double kMiddle = 0.5;

NextState next(Classification classification, int failed_count = 1) {
  return next_state(default_retry_policy(), failed_count, classification, kNow, kMiddle);
}

TEST(NextState, FollowsTheVerdict) {
  EXPECT_EQ(next({Verdict::kDelivered, Outcome::kSuccess, {}}), NextState{Delivered{}});
  EXPECT_EQ(
      next({Verdict::kRejected, Outcome::kRejected, {}}), NextState{Dead{DeadReason::kRejected}}
  );
  EXPECT_EQ(next({Verdict::kEndpointGone, Outcome::kGone, {}}), NextState{Dead{DeadReason::kGone}});
  EXPECT_EQ(
      next({Verdict::kRetry, Outcome::kTimeout, {}}), NextState{RetryAt{kNow + Millis{5000}}}
  );
}

TEST(NextState, EndsWithTheSchedule) {
  EXPECT_EQ(
      next({Verdict::kRetry, Outcome::kTimeout, {}}, 10),
      NextState{Dead{DeadReason::kAttemptsExhausted}}
  );
}

TEST(NextState, IsNeverEarlierThanTheScheduleNorThanRetryAfter) {
  const Classification sooner{Verdict::kThrottled, Outcome::kHttpError, Millis{1000}};
  const Classification later{Verdict::kThrottled, Outcome::kHttpError, Millis{60'000}};
  EXPECT_EQ(next(sooner), NextState{RetryAt{kNow + Millis{5000}}});
  EXPECT_EQ(next(later), NextState{RetryAt{kNow + Millis{60'000}}});
}

TEST(RetryAfter, ReadsSecondsAndDatesWithinADay) {
  EXPECT_EQ(parse_retry_after("120", kNow), Millis{120'000});
  EXPECT_EQ(parse_retry_after("0", kNow), Millis{0});
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 2026 00:01:00 GMT", kNow), Millis{60'000});
  EXPECT_EQ(parse_retry_after("Wed, 31 Dec 2025 00:00:00 GMT", kNow), Millis{0});
  EXPECT_EQ(parse_retry_after("9999999999", kNow), Millis{limits::kRetryAfterMsMax});
  EXPECT_EQ(parse_retry_after("99999999999999999999999", kNow), Millis{limits::kRetryAfterMsMax});
}

TEST(RetryAfter, IgnoresWhatItCannotRead) {
  for (const char* text : {"", "-1", "soon", "1.5", " 5"})
    EXPECT_EQ(parse_retry_after(text, kNow), std::nullopt) << text;
}

TEST(Outcome, ReadsItsOwnNames) {
  for (int i = 0; i <= static_cast<int>(Outcome::kGone); ++i) {
    const auto outcome = static_cast<Outcome>(i);
    EXPECT_EQ(parse_outcome(to_string(outcome)).value(), outcome);
  }
  EXPECT_FALSE(parse_outcome("processing"));
}

}  // namespace
}  // namespace postrider
