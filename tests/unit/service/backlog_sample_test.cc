#include "service/backlog_sample.h"

#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace postrider {
namespace {

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);

class BacklogSampleTest : public ::testing::Test {
 protected:
  Backlog& add(std::int64_t id, std::int64_t due_for_s) {
    Backlog one;
    one.endpoint = {id};
    one.due = 10;
    one.scheduled = 3;
    one.ordered = 2;
    one.oldest_due_at = kNow - Millis{due_for_s * 1000};
    endpoints_.push_back(one);
    return endpoints_.back();
  }
  [[nodiscard]] BacklogSample sample() const {
    const auto backpressure_of = [this](EndpointId id) {
      const auto found = backpressure_.find(id.value);
      return found == backpressure_.end() ? Backpressure{} : found->second;
    };
    return sample_backlog(endpoints_, backpressure_of, kNow);
  }

  std::vector<Backlog> endpoints_;
  std::map<std::int64_t, Backpressure> backpressure_;
};

TEST_F(BacklogSampleTest, CountsByWhatDeliveriesWaitFor) {
  add(1, 5);
  add(2, 8000).circuit_is_open = true;
  add(3, 9000).state = EndpointState::kPaused;
  add(4, 9000).state = EndpointState::kDisabled;
  add(5, 7000);
  add(6, 7000);
  backpressure_[5].throttled_until = kNow + Millis{1};
  backpressure_[6].rate_limited_until = kNow + Millis{1};
  const BacklogSample found = sample();
  EXPECT_EQ(found.count(WaitingFor::kDue), 10);
  EXPECT_EQ(found.count(WaitingFor::kCircuit), 10);
  EXPECT_EQ(found.count(WaitingFor::kThrottle), 10);
  EXPECT_EQ(found.count(WaitingFor::kRateLimit), 10);
  EXPECT_EQ(found.count(WaitingFor::kPaused), 15);
  EXPECT_EQ(found.count(WaitingFor::kDisabled), 15);
  EXPECT_EQ(found.count(WaitingFor::kSchedule), 12);
  EXPECT_EQ(found.count(WaitingFor::kOrder), 8);
  EXPECT_EQ(found.oldest_due_at, kNow - Millis{5000});
}

TEST_F(BacklogSampleTest, TakesALimitedEndpointForDueOnlyOnceItsSlotIsLeftUnused) {
  add(1, 60);
  backpressure_[1].rate_limited_until = kNow - Millis{500};
  EXPECT_EQ(sample().count(WaitingFor::kRateLimit), 10);
  EXPECT_EQ(sample().oldest_due_at, std::nullopt);
  backpressure_[1].rate_limited_until = kNow - Millis{1500};
  EXPECT_EQ(sample().count(WaitingFor::kDue), 10);
  EXPECT_EQ(sample().oldest_due_at, kNow - Millis{60'000});
}

TEST_F(BacklogSampleTest, TakesAThrottleForOverWhenItEnds) {
  add(1, 60);
  backpressure_[1].throttled_until = kNow;
  EXPECT_EQ(sample().count(WaitingFor::kDue), 10);
}

}  // namespace
}  // namespace postrider
