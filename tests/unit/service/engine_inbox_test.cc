#include "service/engine_inbox.h"

#include <gmock/gmock.h>

#include "base/limits.h"

#include "tests/unit/engine/engine_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

Partitions partition_with(std::int64_t endpoint) {
  return Partitions{}.set(partition_of(EndpointId{endpoint}));
}

class EngineInboxTest : public EngineTest {
 protected:
  EngineInboxTest() {
    static_assert(partition_of(EndpointId{7}) != partition_of(EndpointId{8}));
    engine_.remove_endpoint({1});  // the fixture's
  }
  static std::shared_ptr<const Endpoint> shared(std::int64_t id, std::int64_t version = 0) {
    Endpoint endpoint = make_endpoint(id);
    endpoint.version = version;
    return std::make_shared<const Endpoint>(std::move(endpoint));
  }
  static News adoption(std::shared_ptr<const Endpoint> endpoint, Health health = {}) {
    News news;
    news.adopted.partitions = partition_with(endpoint->id.value);
    news.adopted.endpoints = {{std::move(endpoint), health}};
    return news;
  }
  static News adoption(std::int64_t id) { return adoption(shared(id)); }
  static News abandonment(std::int64_t id) {
    News news;
    news.abandoned = partition_with(id);
    return news;
  }
  Status apply(News news = {}) { return engine_inbox_.apply(std::move(news), now(), mono_now()); }
  void store_waiting(std::int64_t id, std::int64_t endpoint) {
    const DueDelivery stored = store(id, endpoint);
    reader_.waiting.push_back({{endpoint}, stored.delivery.due_at});
  }

  EngineInbox engine_inbox_{engine_, reader_, 2};
};

// Adoption.

TEST_F(EngineInboxTest, SendsWhatWaitsForAnEndpointThatItAdopts) {
  store_waiting(1, 7);
  ASSERT_TRUE(apply(adoption(7)));
  tick();
  ASSERT_EQ(sent_count(), 1U);
  EXPECT_THAT(transport_.sent.front().second.url, HasSubstr("/7"));
}

TEST_F(EngineInboxTest, KeepsEndpointsOfOtherNodesFromTheEngine) {
  News news = adoption(7);
  news.endpoints = {shared(8)};
  news.fresh = {store(1, 8)};
  news.resync_endpoints = {{8}};
  news.appended = {{{1}, {8}, "line"}};
  store_waiting(2, 8);
  ASSERT_TRUE(apply(std::move(news)));
  tick();
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_.lanes_count(), 0U);
}

TEST_F(EngineInboxTest, TakesChangesOfEndpointsThatItSendsFor) {
  ASSERT_TRUE(apply(adoption(7)));
  Endpoint changed = make_endpoint(7);
  changed.config.url = "http://receiver/changed";
  News news;
  news.endpoints = {std::make_shared<const Endpoint>(changed)};
  news.fresh = {store(1, 7)};
  ASSERT_TRUE(apply(std::move(news)));
  tick();
  ASSERT_EQ(sent_count(), 1U);
  EXPECT_THAT(transport_.sent.front().second.url, HasSubstr("/changed"));
}

TEST_F(EngineInboxTest, TakesNewEndpointsOfPartitionsThatItHasAdoptedBefore) {
  News partitions;
  partitions.adopted.partitions = partition_with(7);
  ASSERT_TRUE(apply(std::move(partitions)));
  News news;
  news.endpoints = {shared(7)};
  news.fresh = {store(1, 7)};
  ASSERT_TRUE(apply(std::move(news)));
  tick();
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(EngineInboxTest, AppliesWhatWasFreshBeforeTheAdoptionWasTold) {
  News news = adoption(7);
  news.fresh = {store(1, 7)};
  ASSERT_TRUE(apply(std::move(news)));
  tick();
  tick();
  EXPECT_EQ(sent_count(), 1U) << "once";
}

TEST_F(EngineInboxTest, GoesOnWithTheHealthOfWhatItAdopts) {
  Health failing{now(), Circuit::kFailuresMax};
  failing.circuit = OpenCircuit{now(), now() + std::chrono::hours{1}, Circuit::kDelayInitial};
  store_waiting(1, 7);
  store_waiting(2, 8);
  ASSERT_TRUE(apply(adoption(shared(7), failing)));
  ASSERT_TRUE(apply(adoption(8)));
  EXPECT_FALSE(engine_.is_fast({7}));
  EXPECT_TRUE(engine_.is_fast({8}));
  tick();
  ASSERT_EQ(sent_count(), 1U) << "the circuit of the other one is open";
  EXPECT_THAT(transport_.sent.front().second.url, HasSubstr("/8"));
}

TEST_F(EngineInboxTest, CountsWhatWasSentBeforeAgainstTheRateLimitsOfWhatItAdopts) {
  for (const std::int64_t id : {7, 8}) {
    Endpoint limited = make_endpoint(id);
    limited.config.rate_limit = RateLimit{1, Millis{1000}};
    store_waiting(id, id);
    reader_.sends.emplace_back(EndpointId{id}, mono_now() - Millis{400});
    ASSERT_TRUE(apply(adoption(std::make_shared<const Endpoint>(limited))));
    reader_.sends.clear();
  }
  tick();
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_.idle_for(now(), mono_now()), Millis{600});
  passed_ += Millis{600};
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

TEST_F(EngineInboxTest, CountsNothingTwiceWhenItAdoptsOthers) {
  Endpoint limited = make_endpoint(7);
  limited.config.rate_limit = RateLimit{2, Millis{1000}};
  reader_.sends = {{{7}, mono_now()}};
  ASSERT_TRUE(apply(adoption(std::make_shared<const Endpoint>(limited))));
  ASSERT_TRUE(apply(adoption(8)));
  ASSERT_TRUE(apply());
  News news;
  news.fresh = {store(1, 7)};
  ASSERT_TRUE(apply(std::move(news)));
  tick();
  EXPECT_EQ(sent_count(), 1U) << "two are allowed, one was sent before";
}

// Unordered deliveries that other nodes append.

TEST_F(EngineInboxTest, ReadsAtOnceAllThatOthersHaveAppendedForItsEndpoints) {
  ASSERT_TRUE(apply(adoption(7)));
  ASSERT_TRUE(apply(adoption(8)));
  tick();
  const int pages_count = reader_.reads_count;
  News news;
  for (const std::int64_t id : {1, 2, 3}) {
    store(id, 6 + id);
    news.appended_free.emplace_back(DeliveryId{id}, EndpointId{6 + id});
  }
  static_assert(partition_of(EndpointId{9}) != partition_of(EndpointId{7}));
  static_assert(partition_of(EndpointId{9}) != partition_of(EndpointId{8}));
  ASSERT_TRUE(apply(std::move(news)));
  tick();
  EXPECT_EQ(sent_count(), 2U) << "9 is another node's";
  EXPECT_EQ(reader_.pending_reads_count, 1);
  EXPECT_EQ(reader_.reads_count, pages_count);
}

TEST_F(EngineInboxTest, ReadsPagesOfWhatOthersHaveAppendedWhenItCannotBeReadAtOnce) {
  ASSERT_TRUE(apply(adoption(7)));
  tick();
  store(1, 7);
  News news;
  news.appended_free = {{{1}, {7}}};
  reader_.fails = true;
  ASSERT_TRUE(apply(std::move(news)));
  reader_.fails = false;
  tick();
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(EngineInboxTest, ReadsNotTwiceWhatAPageWillBring) {
  Endpoint slow = make_endpoint(7);
  slow.config.max_in_flight = 1;
  ASSERT_TRUE(apply(adoption(std::make_shared<const Endpoint>(slow))));
  tick();
  News many;
  std::int64_t id = 1;
  for (; id <= static_cast<std::int64_t>(limits::kLaneReadyMax) + 2; ++id) {
    store(id, 7);
    many.appended_free.emplace_back(DeliveryId{id}, EndpointId{7});
  }
  ASSERT_TRUE(apply(std::move(many)));
  tick();
  ASSERT_EQ(reader_.pending_reads_count, 1);
  store(id, 7);
  News more;
  more.appended_free = {{{id}, {7}}};
  ASSERT_TRUE(apply(std::move(more)));
  EXPECT_EQ(reader_.pending_reads_count, 1) << "the lane is full";
  for (std::size_t sent = 1; sent <= static_cast<std::size_t>(id); ++sent) {
    tick();
    ASSERT_EQ(sent_count(), sent);
    tick({answer(sent - 1, 200)});
    settle();
  }
}

TEST_F(EngineInboxTest, KeepsNoLaneForWhatIsPendingNoMore) {
  ASSERT_TRUE(apply(adoption(7)));
  News news;
  news.appended_free = {{{1}, {7}}};
  ASSERT_TRUE(apply(std::move(news)));
  tick();
  EXPECT_EQ(engine_.lanes_count(), 0U);
}

TEST_F(EngineInboxTest, SendsOnceWhatOthersTellOfTwice) {
  ASSERT_TRUE(apply(adoption(7)));
  store(1, 7);
  News news;
  news.appended_free = {{{1}, {7}}, {{1}, {7}}};
  ASSERT_TRUE(apply(news));
  ASSERT_TRUE(apply(news));
  tick();
  ASSERT_TRUE(apply(news));
  tick();
  EXPECT_EQ(sent_count(), 1U);
}

// Reading the store.

TEST_F(EngineInboxTest, FailsUntilWhatWaitsCouldBeRead) {
  store_waiting(1, 7);
  reader_.fails = true;
  EXPECT_EQ(apply(adoption(7)).error().code, Errc::kBusy);
  EXPECT_EQ(apply().error().code, Errc::kBusy) << "also without news";
  reader_.fails = false;
  ASSERT_TRUE(apply());
  tick();
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(EngineInboxTest, ReadsNothingForWhatItHasAbandonedAgain) {
  reader_.fails = true;
  EXPECT_FALSE(apply(adoption(7)));
  EXPECT_TRUE(apply(abandonment(7)));
}

TEST_F(EngineInboxTest, LooksAtAllEndpointsAgainWhenNewsMayHaveBeenMissed) {
  ASSERT_TRUE(apply(adoption(7)));
  tick();
  store_waiting(1, 7);
  store_waiting(2, 8);
  ASSERT_TRUE(apply());
  tick();
  EXPECT_EQ(sent_count(), 0U) << "nobody has told of it";
  News news;
  news.all_again = true;
  ASSERT_TRUE(apply(std::move(news)));
  tick();
  ASSERT_EQ(sent_count(), 1U);
  EXPECT_THAT(transport_.sent.front().second.url, HasSubstr("/7"));
}

TEST_F(EngineInboxTest, LooksAtAFewEndpointsAtATime) {
  for (const std::int64_t id : {7, 8, 10}) ASSERT_TRUE(apply(adoption(id)));
  tick();
  for (const std::int64_t id : {7, 8, 10}) store_waiting(id, id);
  News news;
  news.all_again = true;
  ASSERT_TRUE(apply(news));
  tick();
  EXPECT_EQ(sent_count(), 2U);
  EXPECT_TRUE(engine_inbox_.is_resyncing());
  ASSERT_TRUE(apply(news));
  tick();
  EXPECT_EQ(sent_count(), 3U);
  EXPECT_TRUE(engine_inbox_.is_resyncing()) << "once more, from the first";
  ASSERT_TRUE(apply());
  ASSERT_TRUE(apply());
  EXPECT_FALSE(engine_inbox_.is_resyncing());
}

TEST_F(EngineInboxTest, ReadsNoPageForWhatItKnowsToWait) {
  ASSERT_TRUE(apply(adoption(7)));
  News later;
  later.fresh = {store(1, 7, now() + Millis{500})};
  ASSERT_TRUE(apply(std::move(later)));
  tick();
  const int reads_count = reader_.reads_count;
  reader_.waiting = {{{7}, now() + Millis{500}}};
  News news;
  news.all_again = true;
  ASSERT_TRUE(apply(news));
  tick();
  EXPECT_EQ(reader_.reads_count, reads_count);
  store(2, 7, now() + Millis{400});
  reader_.waiting = {{{7}, now() + Millis{400}}};
  ASSERT_TRUE(apply(news));
  tick();
  EXPECT_EQ(engine_.idle_for(now(), mono_now()), Millis{400}) << "nobody has told of it";
}

TEST_F(EngineInboxTest, LooksAtAllAgainAfterAReadThatFailed) {
  ASSERT_TRUE(apply(adoption(7)));
  store_waiting(1, 7);
  reader_.fails = true;
  News news;
  news.all_again = true;
  EXPECT_FALSE(apply(std::move(news)));
  reader_.fails = false;
  ASSERT_TRUE(apply());
  tick();
  EXPECT_EQ(sent_count(), 1U);
}

// Abandoning.

TEST_F(EngineInboxTest, TellsOnceThatNothingIsInFlightForWhatItAbandoned) {
  ASSERT_TRUE(apply(adoption(7)));
  EXPECT_TRUE(engine_inbox_.take_abandoned().none());
  ASSERT_TRUE(apply(abandonment(7)));
  EXPECT_EQ(engine_inbox_.take_abandoned(), partition_with(7));
  EXPECT_TRUE(engine_inbox_.take_abandoned().none());
}

TEST_F(EngineInboxTest, KeepsWhatItAbandonedUntilEverythingInFlightIsSettled) {
  store_waiting(1, 7);
  store_waiting(2, 7);
  ASSERT_TRUE(apply(adoption(7)));
  ASSERT_TRUE(apply(adoption(8)));
  tick();
  ASSERT_EQ(sent_count(), 2U);
  News news = abandonment(7);
  news.abandoned |= partition_with(8);
  ASSERT_TRUE(apply(std::move(news)));
  EXPECT_EQ(engine_inbox_.take_abandoned(), partition_with(8));
  tick({answer(0, 200), answer(1, 500)});
  EXPECT_TRUE(engine_inbox_.take_abandoned().none()) << "nothing of it is committed yet";
  ASSERT_THAT(sink_.settlements, SizeIs(2));
  for (const auto& one : sink_.settlements) {
    EXPECT_TRUE(engine_inbox_.take_abandoned().none());
    News settled;
    settled.settled = {{one.delivery, one.endpoint, true, std::nullopt}};
    ASSERT_TRUE(apply(std::move(settled)));
  }
  EXPECT_EQ(engine_inbox_.take_abandoned(), partition_with(7));
}

TEST_F(EngineInboxTest, TellsOfPartitionsWithoutEndpointsToo) {
  ASSERT_TRUE(apply(abandonment(7)));
  EXPECT_EQ(engine_inbox_.take_abandoned(), partition_with(7));
}

TEST_F(EngineInboxTest, SendsNothingForWhatWasAdoptedAndAbandonedAtOnce) {
  store_waiting(1, 7);
  News news = adoption(7);
  news.abandoned = partition_with(7);
  ASSERT_TRUE(apply(std::move(news)));
  tick();
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_inbox_.take_abandoned(), partition_with(7));
}

TEST_F(EngineInboxTest, IgnoresChangesOfWhatItHasAbandoned) {
  ASSERT_TRUE(apply(adoption(7)));
  ASSERT_TRUE(apply(abandonment(7)));
  News news;
  news.endpoints = {shared(7)};
  news.fresh = {store(1, 7)};
  news.all_again = true;
  reader_.waiting = {{{7}, now()}};
  ASSERT_TRUE(apply(std::move(news)));
  tick();
  EXPECT_EQ(sent_count(), 0U);
}

TEST_F(EngineInboxTest, AdoptsAgainWhatItHasAbandoned) {
  ASSERT_TRUE(apply(adoption(7)));
  ASSERT_TRUE(apply(abandonment(7)));
  EXPECT_EQ(engine_inbox_.take_abandoned(), partition_with(7));
  store_waiting(1, 7);
  ASSERT_TRUE(apply(adoption(7)));
  tick();
  EXPECT_EQ(sent_count(), 1U);
  EXPECT_TRUE(engine_inbox_.take_abandoned().none());
}

// What waits for the feed.

TEST_F(EngineInboxTest, AdoptsNothingThatWasAbandonedBeforeItWasTold) {
  store_waiting(1, 7);
  News waiting = adoption(7);
  append(waiting, abandonment(7), 100);
  ASSERT_TRUE(apply(std::move(waiting)));
  tick();
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(engine_inbox_.take_abandoned(), partition_with(7));
}

TEST_F(EngineInboxTest, AdoptsInOneGoWhatSeveralCommitsDid) {
  store_waiting(1, 7);
  store_waiting(2, 8);
  News waiting = adoption(7);
  append(waiting, adoption(8), 100);
  ASSERT_TRUE(apply(std::move(waiting)));
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

}  // namespace
}  // namespace postrider::testing
