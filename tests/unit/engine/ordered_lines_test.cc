#include "engine/ordered_lines.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace postrider::testing {
namespace {

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);

OrderedHead make_head(
    std::string key, std::int64_t id, WallTime due_at = kNow, bool has_followers = false
) {
  OrderedHead head{
      .lane_key = std::move(key), .due_at = due_at, .has_followers = has_followers, .delivery = {}};
  if (due_at > kNow) return head;
  head.delivery.emplace();
  head.delivery->delivery.id = {id};
  return head;
}

class OrderedLinesTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kRows = 8;

  /// A page of looked-up heads.
  void look_up(std::vector<OrderedHead> heads, bool has_room = true) {
    static_cast<void>(lines_.params(kNow, kRows));
    OrderedPage page;
    page.heads = std::move(heads);
    take(std::move(page), has_room);
  }
  /// A page of a walk; `walk_on` where it stopped.
  void walk(
      std::vector<OrderedHead> heads, std::optional<std::string> walk_on, bool has_room = true
  ) {
    OrderedPage page;
    page.walked = std::move(heads);
    page.walk_on = std::move(walk_on);
    take(std::move(page), has_room);
  }
  void take(OrderedPage page, bool has_room) {
    lines_.take_page(std::move(page), [&](DueDelivery& head) {
      if (has_room) pushed_.push_back(head.delivery.id.value);
      return has_room;
    });
  }
  [[nodiscard]] std::vector<std::string> keys() { return lines_.params(kNow, kRows).keys; }

  LineBudget budget_{100'000, 0};
  OrderedLines lines_{false, budget_};
  std::vector<std::int64_t> pushed_;
};

TEST_F(OrderedLinesTest, TakesAFreshDeliveryForTheHeadWhenNothingOfItsLineIsKnown) {
  EXPECT_TRUE(lines_.is_fresh_head("k", {1}));
  lines_.hold("k", {1}, false);
  EXPECT_FALSE(lines_.is_fresh_head("k", {2}));
  EXPECT_TRUE(lines_.is_fresh_head("other", {3}));
  EXPECT_FALSE(lines_.wants_page(kNow));
}

TEST_F(OrderedLinesTest, LooksUpTheNextAtTheEndOfAHeadThatHasFollowers) {
  lines_.hold("k", {1}, false);
  static_cast<void>(lines_.is_fresh_head("k", {2}));
  lines_.settled({1}, true, std::nullopt);
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
  look_up({make_head("k", 2)});
  EXPECT_EQ(pushed_, std::vector<std::int64_t>{2});
  lines_.settled({2}, true, std::nullopt);
  EXPECT_TRUE(lines_.is_idle());
  EXPECT_EQ(budget_.bytes, 0U);
}

TEST_F(OrderedLinesTest, WaitsForARetryWithoutAReadAndLooksTheHeadUpThen) {
  lines_.hold("k", {1}, true);
  lines_.settled({1}, true, kNow + Millis{50});
  EXPECT_EQ(lines_.next_due_at(), kNow + Millis{50});
  EXPECT_FALSE(lines_.is_fresh_head("k", {2}));
  EXPECT_FALSE(lines_.wants_page(kNow + Millis{49}));
  EXPECT_TRUE(lines_.wants_page(kNow + Millis{50}));
  EXPECT_EQ(lines_.params(kNow + Millis{50}, kRows).keys, std::vector<std::string>{"k"});
}

TEST_F(OrderedLinesTest, LooksUpAgainWhenTheLineWasChangedUnderWay) {
  lines_.hold("k", {2}, false);
  lines_.changed("k");
  EXPECT_FALSE(lines_.wants_page(kNow));
  lines_.settled({2}, true, kNow + Millis{50});
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
}

TEST_F(OrderedLinesTest, LooksUpAgainWhenASettlementCameTooLate) {
  lines_.hold("k", {2}, false);
  lines_.settled({2}, false, std::nullopt);
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
}

TEST_F(OrderedLinesTest, LooksUpAgainWhatItHeldWhenAnythingMayHaveChanged) {
  lines_.hold("k", {2}, false);
  lines_.read_again();
  walk({}, std::nullopt);
  lines_.settled({2}, true, std::nullopt);
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
}

TEST_F(OrderedLinesTest, ForgetsALineWithNothingPending) {
  lines_.queue("k");
  look_up({OrderedHead{.lane_key = "k", .due_at = {}, .delivery = {}}});
  EXPECT_TRUE(lines_.is_idle());
  EXPECT_EQ(budget_.bytes, 0U);
}

TEST_F(OrderedLinesTest, KeepsAHeadInTheQueueThatFindsNoRoom) {
  lines_.queue("a");
  lines_.queue("b");
  look_up({make_head("a", 1)}, false);
  EXPECT_EQ(keys(), (std::vector<std::string>{"b", "a"}));
}

TEST_F(OrderedLinesTest, WalksFromTheFirstLineAndGoesOnWhereThePageEnded) {
  lines_.read_again();
  OrderedParams params = lines_.params(kNow, kRows);
  EXPECT_TRUE(params.walk);
  EXPECT_FALSE(params.after);
  walk({make_head("a", 1), make_head("b", 2, kNow + Millis{10})}, "c");
  params = lines_.params(kNow, kRows);
  EXPECT_EQ(params.after, "c");
  EXPECT_TRUE(params.is_known("a"));
  EXPECT_FALSE(params.is_known("b")) << "its instant may be another by now";
  walk({}, std::nullopt);
  EXPECT_FALSE(lines_.params(kNow, kRows).walk);
  EXPECT_EQ(lines_.next_due_at(), kNow + Millis{10});
}

TEST_F(OrderedLinesTest, GoesOnWithTheLineThatFoundNoRoom) {
  lines_.read_again();
  walk({make_head("a", 1)}, "a");
  walk({make_head("b", 2)}, std::nullopt, false);
  EXPECT_EQ(lines_.params(kNow, kRows).after, "a");
  walk({make_head("b", 2)}, std::nullopt);
  EXPECT_EQ(pushed_, (std::vector<std::int64_t>{1, 2}));
}

TEST_F(OrderedLinesTest, FreshDeliveriesAreLookedUpWhileAWalkIsUnderWay) {
  lines_.read_again();
  EXPECT_FALSE(lines_.is_fresh_head("k", {1}));
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
}

TEST_F(OrderedLinesTest, FreshDeliveriesThatAPageCouldSeeAreLookedUp) {
  lines_.queue("a");
  static_cast<void>(lines_.params(kNow, kRows));
  OrderedPage page;
  page.heads.push_back(OrderedHead{.lane_key = "a", .due_at = {}, .delivery = {}});
  page.newest = {7};
  take(std::move(page), true);
  EXPECT_FALSE(lines_.is_fresh_head("b", {7}));
  EXPECT_TRUE(lines_.is_fresh_head("c", {8}));
}

TEST_F(OrderedLinesTest, WalksAgainForWhatHadNoRoom) {
  budget_.bytes_max = 500;
  lines_.queue("a");
  lines_.queue("b");
  lines_.queue("c");
  EXPECT_EQ(keys(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(lines_.params(kNow, kRows).walk);
  walk({}, "b");
  lines_.queue("d");  // the walk has passed where it may be
  walk({}, std::nullopt);
  const OrderedParams params = lines_.params(kNow, kRows);
  EXPECT_TRUE(params.walk);
  EXPECT_FALSE(params.after);
}

TEST_F(OrderedLinesTest, RemembersTheHeadsThatFallDueFirstAndWalksForTheRest) {
  budget_.bytes_max = 500;
  lines_.wait("a", kNow + Millis{30});
  lines_.wait("b", kNow + Millis{10});
  lines_.wait("c", kNow + Millis{20});
  EXPECT_EQ(lines_.next_due_at(), kNow + Millis{10});
  EXPECT_LE(budget_.bytes, 500U);
  EXPECT_FALSE(lines_.params(kNow + Millis{20}, kRows).walk);
  EXPECT_EQ(lines_.next_due_at(), kNow + Millis{30});
  EXPECT_TRUE(lines_.params(kNow + Millis{30}, kRows).walk);
  EXPECT_FALSE(lines_.is_fresh_head("d", {1})) << "not all lines are known";
}

TEST_F(OrderedLinesTest, LeavesHalfOfAPageToTheWalk) {
  lines_.read_again();
  for (int i = 0; i < 20; ++i) lines_.queue("k" + std::to_string(i));
  EXPECT_EQ(lines_.params(kNow, kRows).keys.size(), kRows / 2);
  walk({}, std::nullopt);
  EXPECT_EQ(lines_.params(kNow, kRows).keys.size(), kRows);
}

TEST_F(OrderedLinesTest, ForgetsAllButWhatIsHeld) {
  lines_.hold("a", {1}, false);
  lines_.queue("b");
  lines_.wait("c", kNow + Millis{10});
  lines_.forget();
  EXPECT_EQ(lines_.held_of("a"), DeliveryId{1});
  EXPECT_TRUE(keys().empty());
  EXPECT_TRUE(lines_.params(kNow, kRows).walk);
  lines_.give_back({1});
  EXPECT_EQ(keys(), std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace postrider::testing
