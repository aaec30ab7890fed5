#include <gtest/gtest.h>

#include "engine/throttle_backoff.h"

namespace postrider::testing {
namespace {

constexpr MonoTime kNow{std::chrono::seconds{1000}};

MonoTime after(Millis wait) { return kNow + wait; }

TEST(Hold, LastsASecondWithoutRetryAfter) {
  ThrottleBackoff hold;
  hold.begin(kNow, std::nullopt);
  EXPECT_EQ(hold.until(after(Millis{999})), after(Millis{1000}));
  EXPECT_FALSE(hold.until(after(Millis{1000})));
}

TEST(Hold, DoublesUpToAMinuteWhileAnswersThrottle) {
  ThrottleBackoff hold;
  MonoTime now = kNow;
  for (const int seconds : {1, 2, 4, 8, 16, 32, 60, 60}) {
    hold.begin(now, std::nullopt);
    EXPECT_EQ(hold.until(now), now + std::chrono::seconds{seconds});
    now += std::chrono::seconds{seconds};
  }
}

TEST(Hold, CountsAnswersOfOneBurstOnce) {
  ThrottleBackoff hold;
  hold.begin(kNow, std::nullopt);
  hold.begin(after(Millis{10}), std::nullopt);
  hold.begin(after(Millis{20}), std::nullopt);
  EXPECT_EQ(hold.until(kNow), after(Millis{1000}));
  hold.begin(after(Millis{1000}), std::nullopt);
  EXPECT_EQ(hold.until(after(Millis{1000})), after(Millis{3000}));
}

TEST(Hold, FollowsTheLongestRetryAfter) {
  ThrottleBackoff hold;
  hold.begin(kNow, Millis{30'000});
  hold.begin(after(Millis{10}), Millis{5000});
  EXPECT_EQ(hold.until(kNow), after(Millis{30'000}));
  hold.begin(after(Millis{20}), Millis{60'000});
  EXPECT_EQ(hold.until(kNow), after(Millis{60'020}));
}

TEST(Hold, BeginsAtASecondAgainAfterAnotherAnswer) {
  ThrottleBackoff hold;
  hold.begin(kNow, std::nullopt);
  hold.begin(after(Millis{1000}), std::nullopt);
  hold.reset();
  EXPECT_EQ(hold.until(after(Millis{1500})), after(Millis{3000}));
  hold.begin(after(Millis{3000}), std::nullopt);
  EXPECT_EQ(hold.until(after(Millis{3000})), after(Millis{4000}));
}

}  // namespace
}  // namespace postrider::testing
