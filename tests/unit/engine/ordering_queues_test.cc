#include "engine/ordering_queues.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace postrider::testing {
namespace {

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);

OrderedHead make_head(
    std::string key, std::int64_t id, WallTime due_at = kNow, bool has_successors = false
) {
  OrderedHead head{
      .lane_key = std::move(key),
      .due_at = due_at,
      .has_successors = has_successors,
      .delivery = {}};
  if (due_at > kNow) return head;
  head.delivery.emplace();
  head.delivery->delivery.id = {id};
  return head;
}

class OrderingQueuesTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kRows = 8;

  /// A page of looked-up heads.
  void look_up(std::vector<OrderedHead> heads, bool has_room = true) {
    static_cast<void>(queues_.params(kNow, kRows));
    OrderedPage page;
    page.heads = std::move(heads);
    take(std::move(page), has_room);
  }
  /// A page of a scan; `scanned_up_to` where it stopped.
  void scan(
      std::vector<OrderedHead> heads, std::optional<std::string> scanned_up_to, bool has_room = true
  ) {
    OrderedPage page;
    page.scanned = std::move(heads);
    page.scanned_up_to = std::move(scanned_up_to);
    take(std::move(page), has_room);
  }
  void take(OrderedPage page, bool has_room) {
    queues_.take_page(std::move(page), [&](DueDelivery& head) {
      if (has_room) pushed_.push_back(head.delivery.id.value);
      return has_room;
    });
  }
  [[nodiscard]] std::vector<std::string> keys() { return queues_.params(kNow, kRows).keys; }

  OrderingBudget budget_{100'000, 0};
  OrderingQueues queues_{false, budget_};
  std::vector<std::int64_t> pushed_;
};

TEST_F(OrderingQueuesTest, TakesAFreshDeliveryForTheHeadWhenNothingOfItsLineIsKnown) {
  EXPECT_TRUE(queues_.is_fresh_head("k", {1}));
  queues_.hold("k", {1}, false);
  EXPECT_FALSE(queues_.is_fresh_head("k", {2}));
  EXPECT_TRUE(queues_.is_fresh_head("other", {3}));
  EXPECT_FALSE(queues_.wants_page(kNow));
}

TEST_F(OrderingQueuesTest, LooksUpTheNextAtTheEndOfAHeadThatHasFollowers) {
  queues_.hold("k", {1}, false);
  static_cast<void>(queues_.is_fresh_head("k", {2}));
  queues_.settled({1}, true, std::nullopt);
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
  look_up({make_head("k", 2)});
  EXPECT_EQ(pushed_, std::vector<std::int64_t>{2});
  queues_.settled({2}, true, std::nullopt);
  EXPECT_TRUE(queues_.is_idle());
  EXPECT_EQ(budget_.bytes, 0U);
}

TEST_F(OrderingQueuesTest, WaitsForARetryWithoutAReadAndLooksTheHeadUpThen) {
  queues_.hold("k", {1}, true);
  queues_.settled({1}, true, kNow + Millis{50});
  EXPECT_EQ(queues_.next_due_at(), kNow + Millis{50});
  EXPECT_FALSE(queues_.is_fresh_head("k", {2}));
  EXPECT_FALSE(queues_.wants_page(kNow + Millis{49}));
  EXPECT_TRUE(queues_.wants_page(kNow + Millis{50}));
  EXPECT_EQ(queues_.params(kNow + Millis{50}, kRows).keys, std::vector<std::string>{"k"});
}

TEST_F(OrderingQueuesTest, LooksUpAgainWhenTheLineWasChangedUnderWay) {
  queues_.hold("k", {2}, false);
  queues_.changed("k");
  EXPECT_FALSE(queues_.wants_page(kNow));
  queues_.settled({2}, true, kNow + Millis{50});
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
}

TEST_F(OrderingQueuesTest, LooksUpAgainWhenASettlementCameTooLate) {
  queues_.hold("k", {2}, false);
  queues_.settled({2}, false, std::nullopt);
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
}

TEST_F(OrderingQueuesTest, LooksUpAgainWhatItHeldWhenAnythingMayHaveChanged) {
  queues_.hold("k", {2}, false);
  queues_.resync();
  scan({}, std::nullopt);
  queues_.settled({2}, true, std::nullopt);
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
}

TEST_F(OrderingQueuesTest, ForgetsALineWithNothingPending) {
  queues_.look_up("k");
  look_up({OrderedHead{.lane_key = "k", .due_at = {}, .delivery = {}}});
  EXPECT_TRUE(queues_.is_idle());
  EXPECT_EQ(budget_.bytes, 0U);
}

TEST_F(OrderingQueuesTest, KeepsAHeadInTheQueueThatFindsNoRoom) {
  queues_.look_up("a");
  queues_.look_up("b");
  look_up({make_head("a", 1)}, false);
  EXPECT_EQ(keys(), (std::vector<std::string>{"b", "a"}));
}

TEST_F(OrderingQueuesTest, WalksFromTheFirstLineAndGoesOnWhereThePageEnded) {
  queues_.resync();
  OrderedParams params = queues_.params(kNow, kRows);
  EXPECT_TRUE(params.scan);
  EXPECT_FALSE(params.after);
  scan({make_head("a", 1), make_head("b", 2, kNow + Millis{10})}, "c");
  params = queues_.params(kNow, kRows);
  EXPECT_EQ(params.after, "c");
  EXPECT_TRUE(params.is_known("a"));
  EXPECT_FALSE(params.is_known("b")) << "its instant may be another by now";
  scan({}, std::nullopt);
  EXPECT_FALSE(queues_.params(kNow, kRows).scan);
  EXPECT_EQ(queues_.next_due_at(), kNow + Millis{10});
}

TEST_F(OrderingQueuesTest, GoesOnWithTheLineThatFoundNoRoom) {
  queues_.resync();
  scan({make_head("a", 1)}, "a");
  scan({make_head("b", 2)}, std::nullopt, false);
  EXPECT_EQ(queues_.params(kNow, kRows).after, "a");
  scan({make_head("b", 2)}, std::nullopt);
  EXPECT_EQ(pushed_, (std::vector<std::int64_t>{1, 2}));
}

TEST_F(OrderingQueuesTest, FreshDeliveriesAreLookedUpWhileAWalkIsUnderWay) {
  queues_.resync();
  EXPECT_FALSE(queues_.is_fresh_head("k", {1}));
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
}

TEST_F(OrderingQueuesTest, FreshDeliveriesThatAPageCouldSeeAreLookedUp) {
  queues_.look_up("a");
  static_cast<void>(queues_.params(kNow, kRows));
  OrderedPage page;
  page.heads.push_back(OrderedHead{.lane_key = "a", .due_at = {}, .delivery = {}});
  page.newest = {7};
  take(std::move(page), true);
  EXPECT_FALSE(queues_.is_fresh_head("b", {7}));
  EXPECT_TRUE(queues_.is_fresh_head("c", {8}));
}

TEST_F(OrderingQueuesTest, WalksAgainForWhatHadNoRoom) {
  budget_.bytes_max = 500;
  queues_.look_up("a");
  queues_.look_up("b");
  queues_.look_up("c");
  EXPECT_EQ(keys(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(queues_.params(kNow, kRows).scan);
  scan({}, "b");
  queues_.look_up("d");  // the scan has passed where it may be
  scan({}, std::nullopt);
  const OrderedParams params = queues_.params(kNow, kRows);
  EXPECT_TRUE(params.scan);
  EXPECT_FALSE(params.after);
}

TEST_F(OrderingQueuesTest, RemembersTheHeadsThatFallDueFirstAndWalksForTheRest) {
  budget_.bytes_max = 500;
  queues_.wait("a", kNow + Millis{30});
  queues_.wait("b", kNow + Millis{10});
  queues_.wait("c", kNow + Millis{20});
  EXPECT_EQ(queues_.next_due_at(), kNow + Millis{10});
  EXPECT_LE(budget_.bytes, 500U);
  EXPECT_FALSE(queues_.params(kNow + Millis{20}, kRows).scan);
  EXPECT_EQ(queues_.next_due_at(), kNow + Millis{30});
  EXPECT_TRUE(queues_.params(kNow + Millis{30}, kRows).scan);
  EXPECT_FALSE(queues_.is_fresh_head("d", {1})) << "not all lines are known";
}

TEST_F(OrderingQueuesTest, LeavesHalfOfAPageToTheWalk) {
  queues_.resync();
  for (int i = 0; i < 20; ++i) queues_.look_up("k" + std::to_string(i));
  EXPECT_EQ(queues_.params(kNow, kRows).keys.size(), kRows / 2);
  scan({}, std::nullopt);
  EXPECT_EQ(queues_.params(kNow, kRows).keys.size(), kRows);
}

TEST_F(OrderingQueuesTest, ForgetsAllButWhatIsHeld) {
  queues_.hold("a", {1}, false);
  queues_.look_up("b");
  queues_.wait("c", kNow + Millis{10});
  queues_.forget();
  EXPECT_EQ(queues_.held_of("a"), DeliveryId{1});
  EXPECT_TRUE(keys().empty());
  EXPECT_TRUE(queues_.params(kNow, kRows).scan);
  queues_.give_back({1});
  EXPECT_EQ(keys(), std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace postrider::testing
