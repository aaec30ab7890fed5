#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "engine/timer_queue.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr WallTime at(int ms) { return from_unix_ms(ms); }

TEST(TimerQueue, GivesTheEarliestFirstAndEachOnce) {
  TimerQueue<WallTime> agenda;
  agenda.set({1}, at(30));
  agenda.set({2}, at(10));
  agenda.set({3}, at(20));
  EXPECT_EQ(agenda.earliest(), at(10));
  EXPECT_THAT(agenda.take_due(at(20)), ElementsAre(EndpointId{2}, EndpointId{3}));
  EXPECT_THAT(agenda.take_due(at(20)), IsEmpty());
  EXPECT_EQ(agenda.earliest(), at(30));
}

TEST(TimerQueue, KeepsOneInstantPerEndpoint) {
  TimerQueue<WallTime> agenda;
  agenda.set({1}, at(10));
  agenda.set({1}, at(40));
  EXPECT_THAT(agenda.take_due(at(30)), IsEmpty());
  EXPECT_THAT(agenda.take_due(at(40)), ElementsAre(EndpointId{1}));
}

TEST(TimerQueue, ForgetsAnEndpointWithoutInstant) {
  TimerQueue<WallTime> agenda;
  agenda.set({1}, at(10));
  agenda.set({1}, std::nullopt);
  EXPECT_FALSE(agenda.earliest());
  EXPECT_THAT(agenda.take_due(at(99)), IsEmpty());
}

TEST(TimerQueue, OrdersEqualInstantsById) {
  TimerQueue<WallTime> agenda;
  agenda.set({3}, at(10));
  agenda.set({1}, at(10));
  EXPECT_THAT(agenda.take_due(at(10)), ElementsAre(EndpointId{1}, EndpointId{3}));
}

}  // namespace
}  // namespace postrider::testing
