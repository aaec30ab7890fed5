#include "engine/lane.h"

#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace postrider::testing {
namespace {

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);
constexpr MonoTime kMono{std::chrono::seconds{1000}};

std::shared_ptr<Endpoint> make_endpoint(int max_in_flight = 2) {
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->id = {1};
  endpoint->config.max_in_flight = max_in_flight;
  return endpoint;
}

DueDelivery make_due(std::int64_t id, WallTime due_at = kNow, std::size_t bytes = 10) {
  auto event = std::make_shared<Event>();
  event->data = std::string(bytes, 'x');
  DueDelivery due;
  due.delivery.id = {id};
  due.delivery.endpoint = {1};
  due.delivery.due_at = due_at;
  due.event = std::move(event);
  return due;
}

struct LaneTest : ::testing::Test {
  ReadyBudget budget{1'000'000, 0, {1'000'000, 0}};
  std::shared_ptr<Endpoint> endpoint = make_endpoint();
  Lane lane{endpoint, false, budget};
};

TEST_F(LaneTest, SendsWhatWasHandedOverUpToItsLimit) {
  for (int id = 1; id <= 3; ++id) lane.enqueue(make_due(id), kNow);
  EXPECT_EQ(lane.take_ready().delivery.id, DeliveryId{1});
  EXPECT_EQ(lane.take_ready().delivery.id, DeliveryId{2});
  EXPECT_FALSE(lane.can_send(kMono));
}

TEST_F(LaneTest, FreesASlotWhenTheSettlementIsCommitted) {
  for (int id = 1; id <= 3; ++id) lane.enqueue(make_due(id), kNow);
  static_cast<void>(lane.take_ready());  // in flight from here on
  static_cast<void>(lane.take_ready());
  lane.answered();
  EXPECT_FALSE(lane.can_send(kMono));
  lane.settled({1}, true, std::nullopt);
  EXPECT_TRUE(lane.can_send(kMono));
}

TEST_F(LaneTest, RemembersOnlyTheInstantOfWhatIsNotDue) {
  lane.enqueue(make_due(1, kNow + Millis{500}), kNow);
  EXPECT_FALSE(lane.holds_any());
  EXPECT_FALSE(lane.wants_page(kNow + Millis{499}));
  EXPECT_TRUE(lane.wants_page(kNow + Millis{500}));
}

TEST_F(LaneTest, LeavesEverythingInTheStoreOnceItIsFull) {
  const auto full = static_cast<std::int64_t>(limits::kLaneReadyMax);
  for (std::int64_t id = 1; id <= full + 1; ++id) lane.enqueue(make_due(id), kNow);
  EXPECT_EQ(lane.ready_count(), limits::kLaneReadyMax);
  static_cast<void>(lane.take_ready());
  // There is room again, but what was left behind comes first.
  lane.enqueue(make_due(full + 2), kNow);
  EXPECT_EQ(lane.ready_count(), limits::kLaneReadyMax - 1);
}

TEST_F(LaneTest, ReadsNoMoreThanAPageAtOnce) {
  DuePage page;
  page.more = true;
  lane.take_page(std::move(page));
  EXPECT_EQ(lane.rows_max(kNow, kMono), limits::kLanePageMax);
}

TEST_F(LaneTest, IgnoresAHandOverThatAPageCouldSee) {
  lane.resync();
  DuePage page;
  page.rows.push_back(make_due(5));
  page.newest = {7};
  lane.take_page(std::move(page));
  lane.enqueue(make_due(5), kNow);
  EXPECT_EQ(lane.ready_count(), 1U);
  EXPECT_FALSE(lane.wants_page(kNow));
  lane.enqueue(make_due(6), kNow);
  EXPECT_EQ(lane.ready_count(), 1U);
  EXPECT_TRUE(lane.wants_page(kNow));
  lane.enqueue(make_due(8), kNow);
  EXPECT_FALSE(lane.is_held({8}));
}

TEST_F(LaneTest, TakesOneDeliveryEvenWhenOthersHaveUsedUpTheBudget) {
  budget.bytes = budget.bytes_max;
  lane.enqueue(make_due(1), kNow);
  lane.enqueue(make_due(2), kNow);
  EXPECT_EQ(lane.ready_count(), 1U);
  EXPECT_TRUE(lane.wants_page(kNow));
}

TEST_F(LaneTest, GivesItsBytesBack) {
  lane.enqueue(make_due(1, kNow, 100), kNow);
  lane.enqueue(make_due(2, kNow, 50), kNow);
  EXPECT_EQ(budget.bytes, 150U);
  static_cast<void>(lane.take_ready());
  EXPECT_EQ(budget.bytes, 50U);
  lane.unload();
  EXPECT_EQ(budget.bytes, 0U);
  EXPECT_TRUE(lane.wants_page(kNow));
  EXPECT_FALSE(lane.is_held({2}));
}

TEST_F(LaneTest, ForgetsAChangedDeliveryUnlessItIsInFlight) {
  lane.enqueue(make_due(1), kNow);
  lane.enqueue(make_due(2), kNow);
  static_cast<void>(lane.take_ready());
  lane.changed({1}, {});
  lane.changed({2}, {});
  EXPECT_TRUE(lane.is_held({1}));
  EXPECT_FALSE(lane.is_held({2}));
  EXPECT_TRUE(lane.wants_page(kNow));
}

TEST_F(LaneTest, NeitherSendsNorReadsWhilePaused) {
  lane.enqueue(make_due(1), kNow);
  auto paused = make_endpoint();
  paused->state = EndpointState::kPaused;
  lane.set_endpoint(paused);
  lane.resync();
  EXPECT_FALSE(lane.can_send(kMono));
  EXPECT_FALSE(lane.wants_page(kNow));
  lane.set_endpoint(make_endpoint());
  EXPECT_TRUE(lane.can_send(kMono));
}

TEST_F(LaneTest, StaysStoppedUntilAGoneIsSettledWhateverIsToldMeanwhile) {
  lane.enqueue(make_due(1), kNow);
  lane.enqueue(make_due(2), kNow);
  lane.gone(lane.take_ready().delivery.id);
  lane.set_endpoint(make_endpoint());  // a change of its config, committed before
  EXPECT_FALSE(lane.can_send(kMono));
  lane.settled({1}, true, std::nullopt);
  EXPECT_TRUE(lane.can_send(kMono));
}

TEST_F(LaneTest, SetsAsideNoMoreThanAPageOfExpiredDeliveries) {
  const auto full = static_cast<std::int64_t>(limits::kLaneReadyMax);
  lane.resync();
  for (std::int64_t id = 1; id <= full; ++id) {
    lane.enqueue(make_due(id), kNow);
    DuePage page;
    page.more = true;
    page.rows.push_back(make_due(id));
    lane.take_page(std::move(page));
    lane.set_aside(lane.take_ready().delivery.id, kNow);
  }
  EXPECT_EQ(lane.in_flight(), 0U);
  EXPECT_FALSE(lane.wants_page(kNow));
  lane.changed({1}, {});
  EXPECT_TRUE(lane.wants_page(kNow));
}

TEST_F(LaneTest, ReadsWhatItSetAsideAgainWhenTheClockIsSetBack) {
  lane.enqueue(make_due(1), kNow);
  lane.set_aside(lane.take_ready().delivery.id, kNow);
  lane.reconsider(kNow);
  EXPECT_TRUE(lane.is_held({1}));
  lane.reconsider(kNow - Millis{1});
  EXPECT_FALSE(lane.is_held({1}));
  EXPECT_TRUE(lane.wants_page(kNow));
}

// Simulator, seed 148: the message that a sweep has ended it was lost.
TEST_F(LaneTest, ReadsWhatItSetAsideAgainWhenAnythingMayHaveChanged) {
  lane.enqueue(make_due(1), kNow);
  lane.set_aside(lane.take_ready().delivery.id, kNow);
  lane.resync();
  EXPECT_FALSE(lane.is_held({1}));
  EXPECT_TRUE(lane.wants_page(kNow));
}

}  // namespace
}  // namespace postrider::testing
