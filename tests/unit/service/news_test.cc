#include "service/news.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/engine_inbox.h"

#include "tests/unit/engine/fakes.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
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
  EXPECT_THAT(waiting.resync_endpoints, ElementsAre(EndpointId{7}));
}

TEST(News, LeavesToTheStoreWhatOthersAppendTooMuchOf) {
  News waiting;
  waiting.appended_free = {{{1}, {7}}};
  waiting.appended = {{{2}, {7}, "k"}};
  News later;
  later.appended_free = {{{3}, {8}}, {{4}, {8}}};
  later.appended = {{{5}, {9}, "k"}, {{6}, {9}, "k"}};
  append(waiting, std::move(later), 2);
  EXPECT_THAT(waiting.appended_free, SizeIs(1));
  EXPECT_THAT(waiting.appended, SizeIs(1));
  EXPECT_THAT(
      waiting.resync_endpoints,
      ElementsAre(EndpointId{8}, EndpointId{8}, EndpointId{9}, EndpointId{9})
  );
}

TEST(News, KeepsTheOrderOfCommits) {
  News waiting;
  waiting.resync_endpoints = {{1}};
  News later;
  later.resync_endpoints = {{2}};
  append(waiting, std::move(later), 2);
  EXPECT_THAT(waiting.resync_endpoints, ElementsAre(EndpointId{1}, EndpointId{2}));
  EXPECT_THAT(waiting.fresh, IsEmpty());
}

// A new delivery that was left to the store may be older than the next one that is notified.
TEST(News, ReadsAgainBeforeItTakesWhatIsFresh) {
  FakeReader reader;
  FakeTransport transport;
  FakeSink sink;
  testing::FakeTemplateRunner template_runner;
  Engine engine({}, IdCodec{1}, {reader, transport, template_runner, sink}, Prng{1});
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->id = {7};
  endpoint->config.ordering = Ordering::kKey;
  endpoint->secrets = {{"whsec_" + std::string(32, 'A'), kNow, std::nullopt}};
  EngineInbox feed{engine, reader};
  for (const std::int64_t id : {1, 2}) {
    DueDelivery fresh;
    fresh.delivery.id = {id};
    fresh.delivery.endpoint = {7};
    fresh.delivery.due_at = kNow;
    fresh.delivery.lane_key = "k";
    auto event = std::make_shared<Event>();
    event->data = std::to_string(id);
    fresh.event = std::move(event);
    reader.rows[id] = std::move(fresh);
  }
  News news;
  news.adopted = {Partitions{}.set(), {{std::move(endpoint), {}}}};
  news.resync_endpoints = {{7}};
  news.fresh = {reader.rows.at(2)};
  ASSERT_TRUE(feed.apply(std::move(news), kNow, MonoTime{}));
  ASSERT_TRUE(engine.tick(kNow, MonoTime{}, {}));
  ASSERT_THAT(transport.sent, SizeIs(1));
  EXPECT_THAT(transport.sent.front().second.body, HasSubstr("\"data\":1}"));
}

}  // namespace
}  // namespace postrider::testing
