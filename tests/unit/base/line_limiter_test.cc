#include "base/line_limiter.h"

#include <gtest/gtest.h>

namespace postrider::log {
namespace {

class LineLimiterTest : public ::testing::Test {
 protected:
  static constexpr int kWarning = 2;

  /// How many of `count` lines of the message and subject are written.
  int written(int count, std::string_view message, std::string_view subject = {}) {
    int admitted = 0;
    for (int i = 0; i < count; ++i) admitted += limiter_.admit(kWarning, message, subject, now_);
    return admitted;
  }

  MonoTime now_{std::chrono::hours{1}};
  LineLimiter limiter_{
      {.lines_per_subject_max = 2,
       .lines_per_message_max = 5,
       .window = Millis{60'000},
       .messages_max = 3}};
};

TEST_F(LineLimiterTest, WritesTheFirstLinesAndCountsTheRest) {
  EXPECT_EQ(written(1236, "authentication failed"), 2);
  EXPECT_TRUE(limiter_.has_suppressed());
  EXPECT_TRUE(limiter_.take_ended(now_ + Millis{59'999}).empty());
  const auto ended = limiter_.take_ended(now_ + Millis{60'000});
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].message, "authentication failed");
  EXPECT_EQ(ended[0].level, kWarning);
  EXPECT_EQ(ended[0].count, 1234);
  EXPECT_EQ(ended[0].window, Millis{60'000});
  EXPECT_FALSE(limiter_.has_suppressed());
}

TEST_F(LineLimiterTest, ReportsNothingWhenNothingWasSuppressed) {
  EXPECT_EQ(written(2, "slow commit"), 2);
  EXPECT_FALSE(limiter_.has_suppressed());
  EXPECT_TRUE(limiter_.take_ended(now_ + Millis{60'000}).empty());
}

TEST_F(LineLimiterTest, BeginsANewWindowAfterTheLastOne) {
  EXPECT_EQ(written(3, "slow commit"), 2);
  now_ += Millis{60'000};
  EXPECT_EQ(limiter_.take_ended(now_).size(), 1U);
  EXPECT_EQ(written(3, "slow commit"), 2);
}

TEST_F(LineLimiterTest, LimitsEachSubjectAndAllSubjectsOfAMessage) {
  EXPECT_EQ(written(3, "circuit opened", "ep_1"), 2);
  EXPECT_EQ(written(3, "circuit opened", "ep_2"), 2);
  EXPECT_EQ(written(3, "circuit opened", "ep_3"), 1);
  EXPECT_EQ(written(3, "circuit opened", "ep_4"), 0);
  EXPECT_EQ(written(1, "circuit closed", "ep_1"), 1);
  const auto all = limiter_.take_all(now_);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].count, 7);
}

TEST_F(LineLimiterTest, KeepsWindowsOfMessagesApart) {
  EXPECT_EQ(written(3, "slow commit"), 2);
  now_ += Millis{30'000};
  EXPECT_EQ(written(3, "maintenance failed"), 2);
  EXPECT_EQ(limiter_.take_ended(now_ + Millis{30'000}).size(), 1U);
  EXPECT_EQ(limiter_.take_ended(now_ + Millis{60'000}).size(), 1U);
}

TEST_F(LineLimiterTest, SharesOneWindowAmongMessagesBeyondItsBound) {
  for (int i = 0; i < 100; ++i) static_cast<void>(written(1, "message " + std::to_string(i)));
  const auto all = limiter_.take_all(now_ + Millis{1500});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].message, "other messages");
  EXPECT_EQ(all[0].count, 95);
  EXPECT_EQ(all[0].window, Millis{1500});
}

}  // namespace
}  // namespace postrider::log
