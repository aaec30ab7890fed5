#include "engine/rate_log.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/prng.h"

namespace postrider::testing {
namespace {

constexpr MonoTime kStart{std::chrono::seconds{1000}};
constexpr RateLimit kThreePerSecond{3, Millis{1000}};

MonoTime after(std::int64_t ms) { return kStart + Millis{ms}; }

TEST(RateLog, LetsTheLimitThroughAtOnceAndTheNextWhenThePeriodOfTheFirstIsOver) {
  RateLog log{kThreePerSecond};
  for (const int ms : {0, 100, 200}) {
    EXPECT_FALSE(log.full_until(after(ms)));
    log.record(after(ms));
  }
  EXPECT_EQ(log.room(after(200)), 0U);
  EXPECT_EQ(log.full_until(after(200)), after(1000));
  EXPECT_EQ(log.full_until(after(999)), after(1000));
  EXPECT_FALSE(log.full_until(after(1000)));
  EXPECT_EQ(log.room(after(1000)), 1U);
  EXPECT_EQ(log.room(after(1200)), 3U);
}

TEST(RateLog, NoWindowOfThePeriodHoldsMoreThanTheLimit) {
  RateLog log{kThreePerSecond};
  Prng prng{1};
  std::vector<MonoTime> sent;
  MonoTime now = kStart;
  for (int i = 0; i < 20'000; ++i) {
    now += Millis{static_cast<std::int64_t>(prng.below(300))};
    if (log.full_until(now)) continue;
    log.record(now);
    sent.push_back(now);
  }
  ASSERT_GT(sent.size(), 1000U);
  for (std::size_t i = 3; i < sent.size(); ++i) EXPECT_GE(sent[i] - sent[i - 3], Millis{1000});
}

TEST(RateLog, TakesAnInstantBeforeTheLastOneForTheLastOne) {
  RateLog log{kThreePerSecond};
  log.record(after(500));
  log.record(after(0));
  EXPECT_EQ(log.room(after(500)), 1U);
  EXPECT_EQ(log.room(after(1499)), 1U);
  EXPECT_EQ(log.room(after(1500)), 3U);
}

TEST(RateLog, CountsWhatWasSentWhenTheLimitShrinksOrGrows) {
  RateLog log{kThreePerSecond};
  for (const int ms : {0, 100, 200}) log.record(after(ms));
  log.set_limit({1, Millis{1000}});
  EXPECT_EQ(log.full_until(after(1000)), after(1200));
  log.set_limit({5, Millis{1000}});
  EXPECT_EQ(log.room(after(300)), 2U);
}

TEST(RateLog, MattersUntilItsLastRequestIsAPeriodOld) {
  RateLog log{kThreePerSecond};
  EXPECT_FALSE(log.matters_until(kStart));
  log.record(after(0));
  log.record(after(400));
  EXPECT_EQ(log.matters_until(after(500)), after(1400));
  EXPECT_FALSE(log.matters_until(after(1400)));
}

TEST(RateLog, TakesMoreThanItsLimitFromAProcessBefore) {
  RateLog log{kThreePerSecond};
  for (int i = 0; i < 8; ++i) log.record(kStart);
  EXPECT_EQ(log.full_until(kStart), after(1000));
  EXPECT_EQ(log.room(after(1000)), 3U);
}

}  // namespace
}  // namespace postrider::testing
