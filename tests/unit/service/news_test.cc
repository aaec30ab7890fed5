#include "service/news.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);

RecordedAttempt recorded(NextState next, bool applied) {
  RecordedAttempt attempt;
  attempt.settlement.delivery = {1};
  attempt.settlement.next = next;
  attempt.settled.applied = applied;
  return attempt;
}

TEST(News, SaysWhenASettledDeliveryIsDueAgainOnlyIfItWasApplied) {
  Effects effects;
  effects.attempts = {
      recorded(RetryAt{kNow}, true), recorded(RetryAt{kNow}, false), recorded(Delivered{}, true)};
  const News news = news_of(effects);
  ASSERT_THAT(news.settled, SizeIs(3));
  EXPECT_EQ(news.settled[0].due_at, kNow);
  EXPECT_FALSE(news.settled[1].due_at);
  EXPECT_FALSE(news.settled[1].applied);
  EXPECT_FALSE(news.settled[2].due_at);
}

TEST(News, LeavesToTheStoreWhatWouldBeTooMuch) {
  DueDelivery fresh;
  fresh.delivery.endpoint = {7};
  News waiting;
  waiting.fresh = {fresh, fresh};
  News later;
  later.fresh = {fresh};
  append(waiting, std::move(later), 2);
  EXPECT_THAT(waiting.fresh, SizeIs(2));
  EXPECT_THAT(waiting.read_again, ElementsAre(EndpointId{7}));
}

TEST(News, KeepsTheOrderOfCommits) {
  News waiting;
  waiting.read_again = {{1}};
  News later;
  later.read_again = {{2}};
  append(waiting, std::move(later), 2);
  EXPECT_THAT(waiting.read_again, ElementsAre(EndpointId{1}, EndpointId{2}));
  EXPECT_THAT(waiting.fresh, IsEmpty());
}

}  // namespace
}  // namespace postrider::testing
