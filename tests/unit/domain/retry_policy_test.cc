#include "domain/retry_policy.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

constexpr double kMiddle = 0.5;

TEST(RetryPolicy, MakesTenAttemptsByDefault) {
  const RetryPolicy policy = default_retry_policy();
  EXPECT_EQ(attempts_in_all(policy), 10);
  EXPECT_EQ(delay_after(policy, 1, kMiddle), Millis{5000});
  EXPECT_EQ(delay_after(policy, 9, kMiddle), Millis{86'400'000});
  EXPECT_EQ(delay_after(policy, 10, kMiddle), std::nullopt);
}

TEST(RetryPolicy, SpreadsEachDelayByItsJitter) {
  const RetryPolicy policy = default_retry_policy();
  EXPECT_EQ(delay_after(policy, 1, 0.0), Millis{4000});
  EXPECT_NEAR(static_cast<double>(delay_after(policy, 1, 0.999999)->count()), 6000.0, 1.0);
}

TEST(RetryPolicy, GrowsExponentiallyUpToItsBound) {
  RetryPolicy policy;
  policy.kind = RetryPolicy::Kind::kExponential;
  policy.initial = Millis{1000};
  policy.factor = 2.0;
  policy.delay_max = Millis{5000};
  policy.attempts_max = 6;
  EXPECT_EQ(delay_after(policy, 1, kMiddle), Millis{1000});
  EXPECT_EQ(delay_after(policy, 3, kMiddle), Millis{4000});
  EXPECT_EQ(delay_after(policy, 5, kMiddle), Millis{5000});
  EXPECT_EQ(delay_after(policy, 6, kMiddle), std::nullopt);
  EXPECT_EQ(schedule_length(policy), Millis{1000 + 2000 + 4000 + 5000 + 5000});
}

TEST(RetryPolicy, WithoutDelaysMakesOneAttempt) {
  RetryPolicy policy;
  EXPECT_EQ(attempts_in_all(policy), 1);
  EXPECT_EQ(delay_after(policy, 1, kMiddle), std::nullopt);
}

}  // namespace
}  // namespace postrider
