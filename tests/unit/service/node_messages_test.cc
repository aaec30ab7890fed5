#include "service/node_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/node_channel.h"

#include "tests/support/must.h"

namespace postrider::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::size_t kAll = 1'000'000;

/// What arrives of all messages, in their order.
News arrived(const std::vector<std::string>& messages) {
  News news;
  for (const auto& message : messages) append(news, must(decode_message(message)), kAll);
  return news;
}
News passed_on(const News& news) { return arrived(encode_messages(news)); }

std::vector<std::string> odd_lines() {
  return {
      "",
      "plain",
      "\"quoted\" and \\back\\slashed",
      "line\nfeed\ttab\rreturn",
      "\x01\x1f\x7f",
      "größer \xE2\x82\xAC \xF0\x9F\x90\x8E",
      "[\"a\",1,2]",
      std::string(256, '\x02'),
      std::string(256, '"'),
      std::string(254, 'x') + "\xC3\xBC"};
}

// What arrives.

TEST(NodeMessages, SayNothingOfNothing) {
  EXPECT_THAT(encode_messages({}), IsEmpty());
  News own;
  own.endpoints.push_back(std::make_shared<const Endpoint>());
  own.endpoints_removed = {{1}};
  own.settled.push_back({{1}, {2}, true, std::nullopt});
  own.adopted.partitions.set();
  own.abandoned.set();
  EXPECT_THAT(encode_messages(own), IsEmpty()) << "nobody else is concerned";
}

TEST(NodeMessages, SayWhichEndpointsAreToBeReadAgain) {
  News news;
  news.resync_endpoints = {{1}, {1LL << 62}, {3}};
  EXPECT_THAT(encode_messages(news), SizeIs(1));
  EXPECT_EQ(passed_on(news).resync_endpoints, news.resync_endpoints);
}

TEST(NodeMessages, SayWhatWasAppendedToWhichLine) {
  News news;
  std::int64_t id = 1LL << 60;
  for (const auto& line : odd_lines()) news.appended.push_back({{++id}, {7}, line});
  EXPECT_EQ(passed_on(news).appended, news.appended);
}

TEST(NodeMessages, SayWhatWasAppendedToNoLine) {
  News news;
  news.appended_free = {{{1}, {7}}, {{1LL << 60}, {8}}};
  EXPECT_EQ(passed_on(news).appended_free, news.appended_free);
}

TEST(NodeMessages, SayWhatWasChangedInALineAndInNone) {
  News news;
  news.deliveries_changed.push_back({{1}, {7}, std::nullopt});
  std::int64_t id = 1LL << 60;
  for (const auto& line : odd_lines()) news.deliveries_changed.push_back({{++id}, {7}, line});
  EXPECT_EQ(passed_on(news).deliveries_changed, news.deliveries_changed);
}

TEST(NodeMessages, SayWhatPeopleAskedFor) {
  News news;
  news.probes = {{{4}, {7}}, {{5}, {8}}};
  EXPECT_THAT(passed_on(news).probes, ElementsAreArray(news.probes));
}

TEST(NodeMessages, SayThatEverythingIsToBeLookedAt) {
  News news;
  news.all_again = true;
  const News heard = passed_on(news);
  EXPECT_TRUE(heard.all_again);
  EXPECT_THAT(heard.resync_endpoints, IsEmpty());
}

TEST(NodeMessages, SayAllKindsInOneMessage) {
  News news;
  news.resync_endpoints = {{1}};
  news.appended = {{{2}, {3}, "line"}};
  news.deliveries_changed = {{{4}, {5}, std::nullopt}};
  news.probes = {{{6}, {7}}};
  news.all_again = true;
  const auto messages = encode_messages(news);
  ASSERT_THAT(messages, SizeIs(1));
  const News heard = arrived(messages);
  EXPECT_EQ(heard.resync_endpoints, news.resync_endpoints);
  EXPECT_EQ(heard.appended, news.appended);
  EXPECT_EQ(heard.deliveries_changed, news.deliveries_changed);
  EXPECT_THAT(heard.probes, ElementsAre(Pair(DeliveryId{6}, EndpointId{7})));
  EXPECT_TRUE(heard.all_again);
}

TEST(NodeMessages, AreNeverTheOneThatTheStoreSends) {
  News news;
  news.appended = {{{2}, {3}, std::string(kRefreshMessage)}};
  EXPECT_NE(encode_messages(news).front(), kRefreshMessage);
  EXPECT_FALSE(decode_message(kRefreshMessage));
}

// How long they are.

TEST(NodeMessages, FitIntoTheChannelHoweverMuchThereIsToSay) {
  for (const auto& line : odd_lines()) {
    News news;
    for (std::int64_t id = 0; id < 100; ++id)
      news.appended.push_back({{(1LL << 62) + id}, {(1LL << 62) - id}, line});
    const auto messages = encode_messages(news);
    std::vector<std::size_t> sizes;
    for (const auto& message : messages) sizes.push_back(message.size());
    EXPECT_THAT(sizes, Each(AllOf(Gt(0U), Le(kNodeMessageBytesMax))));
    const News heard = arrived(messages);
    EXPECT_FALSE(heard.all_again);
    EXPECT_EQ(heard.appended, news.appended) << "in their order";
  }
}

TEST(NodeMessages, AreFilledToTheLastByteAndNoFurther) {
  std::size_t longest = 0;
  for (std::size_t length = 0; length <= 40; ++length) {
    News news;
    news.appended.push_back({{1}, {7}, std::string(length, 'x')});
    for (int i = 0; i < 1000; ++i) news.appended.push_back({{2}, {7}, "line"});
    const auto messages = encode_messages(news);
    ASSERT_GT(messages.size(), 1U);
    longest = std::max(longest, messages.front().size());
    EXPECT_EQ(arrived(messages).appended, news.appended);
  }
  EXPECT_EQ(longest, kNodeMessageBytesMax);
}

TEST(NodeMessages, NameEndpointsRatherThanVeryManyDeliveries) {
  News news;
  news.resync_endpoints = {{9}};
  for (std::int64_t id = 0; id < 100'000; ++id) {
    news.appended.push_back({{id}, {7}, "line"});
    news.appended_free.emplace_back(DeliveryId{id}, EndpointId{8});
  }
  news.deliveries_changed = {{{1}, {2}, "line"}};
  news.probes = {{{3}, {4}}};
  const auto messages = encode_messages(news);
  ASSERT_THAT(messages, SizeIs(1));
  const News heard = arrived(messages);
  EXPECT_THAT(heard.resync_endpoints, ElementsAre(EndpointId{7}, EndpointId{8}, EndpointId{9}));
  EXPECT_THAT(heard.appended, IsEmpty());
  EXPECT_THAT(heard.appended_free, IsEmpty());
  EXPECT_EQ(heard.deliveries_changed, news.deliveries_changed);
  EXPECT_THAT(heard.probes, ElementsAreArray(news.probes));
  EXPECT_FALSE(heard.all_again);
}

TEST(NodeMessages, SayThatEverythingIsToBeLookedAtRatherThanVeryMuch) {
  News news;
  for (std::int64_t id = 0; id < 100'000; ++id) news.appended.push_back({{id}, {id}, "line"});
  const auto messages = encode_messages(news);
  ASSERT_THAT(messages, SizeIs(1));
  const News heard = arrived(messages);
  EXPECT_TRUE(heard.all_again);
  EXPECT_THAT(heard.appended, IsEmpty());
  EXPECT_THAT(heard.resync_endpoints, IsEmpty());
}

// Malformed notifications.

TEST(NodeMessages, RefusesWhatIsNoMessage) {
  for (const std::string_view garbage :
       {"",
        "refresh",
        "{}",
        "null",
        "7",
        "\"a\"",
        "[",
        "[[",
        "[1]",
        "[null]",
        "[{}]",
        "[[]]",
        "[[\"a\"]]",
        "[[\"a\",1]]",
        "[[1,1,1]]",
        "[[\"a\",\"1\",0]]",
        "[[\"a\",1.5,0]]",
        "[[\"a\",1,0,7]]",
        "[[\"a\",1,0,null]]",
        "[[\"a\",1,0,\"x\",0]]",
        "[[\"a\",1e3,0]]",
        "[[\"a\",99999999999999999999,0]]",
        "[[\"a\",[1],0]]",
        "[[\"a\",1,0]",
        "[[\"a\",1,0]]]",
        "[[\"l\",1,0,\"\\ud800\"]]",
        "\xFF\xFE"}) {
    const auto decoded = decode_message(garbage);
    ASSERT_FALSE(decoded) << garbage;
    EXPECT_EQ(decoded.error().code, Errc::kInvalidArgument) << garbage;
  }
}

TEST(NodeMessages, LooksAtWhatALaterVersionSpeaksOf) {
  const News news = must(decode_message(R"([["new kind",7,9],["p",8,3],["other",9,0,"line"]])"));
  EXPECT_THAT(news.resync_endpoints, ElementsAre(EndpointId{7}, EndpointId{9}));
  EXPECT_THAT(news.probes, ElementsAre(Pair(DeliveryId{3}, EndpointId{8})));
}

TEST(NodeMessages, TakesAnEmptyMessageForNoNews) {
  const News news = must(decode_message("[]"));
  EXPECT_THAT(news.resync_endpoints, IsEmpty());
  EXPECT_FALSE(news.all_again);
}

// What others have to know of a commit.

class NewsForOthers : public ::testing::Test {
 protected:
  NewsForOthers() {
    static_assert(partition_of(kOwn) != partition_of(kOther));
    static_assert(partition_of(kOwn) != partition_of(kThird));
    effects_.owned.set(partition_of(kOwn));
  }
  static DueDelivery fresh(std::int64_t id, EndpointId endpoint, std::optional<std::string> line) {
    DueDelivery due;
    due.delivery.id = {id};
    due.delivery.endpoint = endpoint;
    due.delivery.lane_key = std::move(line);
    return due;
  }

  static constexpr EndpointId kOwn{1};
  static constexpr EndpointId kOther{2};
  static constexpr EndpointId kThird{3};
  Effects effects_;
};

TEST_F(NewsForOthers, LeaveOutWhatTheNodeSendsItself) {
  effects_.fresh = {fresh(1, kOwn, std::nullopt), fresh(2, kOwn, "line")};
  effects_.resync_endpoints = {kOwn};
  effects_.deliveries_changed = {{{3}, kOwn, std::nullopt}};
  effects_.probes = {{{4}, kOwn}};
  EXPECT_THAT(encode_messages(news_for_others(effects_)), IsEmpty());
}

TEST_F(NewsForOthers, SayEachDeliveryThatWaitsInNoLine) {
  effects_.fresh = {
      fresh(1, kOther, std::nullopt), fresh(2, kOwn, std::nullopt), fresh(3, kThird, std::nullopt)};
  effects_.resync_endpoints = {kThird, kOwn};
  const News news = news_for_others(effects_);
  EXPECT_THAT(
      news.appended_free, ElementsAre(Pair(DeliveryId{1}, kOther), Pair(DeliveryId{3}, kThird))
  );
  EXPECT_THAT(news.resync_endpoints, ElementsAre(kThird));
  EXPECT_THAT(news.fresh, IsEmpty());
}

TEST_F(NewsForOthers, SayEachDeliveryThatWasAppendedToALine) {
  effects_.fresh = {
      fresh(1, kOther, "a"), fresh(2, kOwn, "a"), fresh(3, kOther, "b"), fresh(4, kOther, "")};
  const News news = news_for_others(effects_);
  EXPECT_THAT(
      news.appended,
      ElementsAre(
          AppendedToLine{{1}, kOther, "a"},
          AppendedToLine{{3}, kOther, "b"},
          AppendedToLine{{4}, kOther, ""}
      )
  );
  EXPECT_THAT(news.resync_endpoints, IsEmpty()) << "the lines say it";
}

TEST_F(NewsForOthers, SayWhatPeopleChangedAndAskedFor) {
  const ChangedDelivery changed{{3}, kOther, "line"};
  effects_.deliveries_changed = {{{2}, kOwn, std::nullopt}, changed};
  effects_.probes = {{{4}, kOwn}, {{5}, kThird}};
  const News news = news_for_others(effects_);
  EXPECT_THAT(news.deliveries_changed, ElementsAre(changed));
  EXPECT_THAT(news.probes, ElementsAre(Pair(DeliveryId{5}, kThird)));
}

TEST_F(NewsForOthers, SayNothingOfEndpointsAndSettings) {
  effects_.endpoints.push_back(std::make_shared<const Endpoint>());
  effects_.endpoints_removed = {kOther};
  effects_.keys_changed = effects_.event_types_changed = effects_.tasks_changed = true;
  EXPECT_THAT(encode_messages(news_for_others(effects_)), IsEmpty()) << "the store says it";
}

}  // namespace
}  // namespace postrider::testing
