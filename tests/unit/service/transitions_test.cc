#include "service/transitions.h"

#include <gtest/gtest.h>

namespace postrider::testing {
namespace {

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);

Delivery pending() {
  Delivery delivery;
  delivery.due_at = kNow + Millis{1000};
  delivery.attempts_count = 3;
  delivery.schedule_attempts_count = 2;
  return delivery;
}

Delivery dead() {
  Delivery delivery = pending();
  delivery.state = DeliveryState::kDead;
  delivery.due_at.reset();
  delivery.dead_reason = DeadReason::kAttemptsExhausted;
  delivery.finished_at = kNow;
  return delivery;
}

TEST(Transitions, ARetryIsDueNowAndGoesOnWithTheSchedule) {
  const auto retried = postrider::retried(pending(), kNow);
  EXPECT_EQ(retried->due_at, kNow);
  EXPECT_EQ(retried->schedule_attempts_count, 2);
  EXPECT_EQ(postrider::retried(dead(), kNow).error().code, Errc::kConflict);
}

TEST(Transitions, ACancelIsFinal) {
  const auto cancelled = postrider::cancelled(pending(), kNow);
  EXPECT_EQ(cancelled->state, DeliveryState::kCancelled);
  EXPECT_FALSE(cancelled->due_at);
  EXPECT_EQ(cancelled->finished_at, kNow);
  EXPECT_EQ(postrider::cancelled(*cancelled, kNow).error().code, Errc::kConflict);
}

TEST(Transitions, AReplayBeginsAFreshScheduleAndCountsAttemptsOn) {
  const Endpoint endpoint;
  const auto replayed = postrider::replayed(dead(), &endpoint, kNow);
  EXPECT_EQ(replayed->state, DeliveryState::kPending);
  EXPECT_EQ(replayed->due_at, kNow);
  EXPECT_EQ(replayed->schedule_attempts_count, 0);
  EXPECT_EQ(replayed->attempts_count, 3);
  EXPECT_FALSE(replayed->dead_reason);
  EXPECT_FALSE(replayed->finished_at);
}

TEST(Transitions, AReplayNeedsAFinalDeliveryAndAnEndpointThatIsNotDisabled) {
  Endpoint endpoint;
  EXPECT_EQ(replayed(pending(), &endpoint, kNow).error().code, Errc::kConflict);
  EXPECT_EQ(replayed(dead(), nullptr, kNow).error().code, Errc::kConflict);
  endpoint.state = EndpointState::kPaused;
  EXPECT_TRUE(replayed(dead(), &endpoint, kNow));
  endpoint.state = EndpointState::kDisabled;
  EXPECT_EQ(replayed(dead(), &endpoint, kNow).error().code, Errc::kConflict);
}

TEST(Transitions, AReplayIsRefusedFromTheInstantAtWhichTheEventExpires) {
  const Endpoint endpoint;
  Delivery delivery = dead();
  delivery.expires_at = kNow + Millis{1};
  EXPECT_TRUE(replayed(delivery, &endpoint, kNow));
  delivery.expires_at = kNow;
  const auto refused = replayed(delivery, &endpoint, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kConflict);
  EXPECT_NE(refused.error().context.find("2026-01-01T00:00:00.000Z"), std::string::npos)
      << refused.error().context;
}

TEST(Transitions, OnlyADeadLetterIsDiscardedAndOnlyOnce) {
  const auto discarded = postrider::discarded(dead());
  EXPECT_TRUE(discarded->discarded);
  EXPECT_EQ(discarded->state, DeliveryState::kDead);
  EXPECT_EQ(postrider::discarded(*discarded).error().code, Errc::kConflict);
  EXPECT_EQ(postrider::discarded(pending()).error().code, Errc::kConflict);
}

}  // namespace
}  // namespace postrider::testing
