#include "service/messenger.h"

#include <atomic>
#include <deque>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/node_messages.h"

#include "tests/support/must.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Millis kPatience{20'000};
constexpr Millis kLookEvery{10'000};
constexpr Millis kSendEvery{5};

/// Stands still but for advance(). Thread-safe.
class StillClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall_now() const override { return {}; }
  [[nodiscard]] MonoTime mono_now() const override { return MonoTime{Millis{now_ms_.load()}}; }
  [[nodiscard]] std::int64_t boot() const override { return 1; }
  void advance(Millis by) { now_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_ms_{1'000'000};
};

/// Hears what the test says, and keeps what is sent. A wait ends with its time when the test lets
/// it.
class ScriptedChannel final : public NodeChannel {
 public:
  using Heard = Result<std::vector<std::string>>;
  struct State {
    Mutex mutex;
    CondVar changed;
    // All of it guarded by the mutex while threads run; tests reach it under lambdas that the
    // analysis cannot follow.
    std::vector<std::string> sent;
    std::deque<Heard> heard;
    int sends_fail = 0;
    int sends_failed = 0;
    std::vector<Millis> waits;  ///< their time-outs
    bool is_over = false;       ///< the time of the wait
    bool is_woken = false;
  };

  explicit ScriptedChannel(State& state) : state_(state) {}
  [[nodiscard]] Status send(const std::string& message) override {
    const MutexLock lock(state_.mutex);
    state_.changed.notify_all();
    if (state_.sends_fail > 0) {
      --state_.sends_fail;
      ++state_.sends_failed;
      return fail(Errc::kUnavailable, "no session");
    }
    state_.sent.push_back(message);
    return {};
  }
  [[nodiscard]] Heard wait(Millis timeout) override {
    const MutexLock lock(state_.mutex);
    state_.waits.push_back(timeout);
    state_.changed.notify_all();
    while (state_.heard.empty() && !state_.is_woken && !state_.is_over) {
      if (!state_.changed.wait_for(state_.mutex, kPatience)) break;
    }
    state_.is_woken = state_.is_over = false;
    if (state_.heard.empty()) return std::vector<std::string>{};
    auto heard = std::move(state_.heard.front());
    state_.heard.pop_front();
    return heard;
  }
  void wake() override {
    const MutexLock lock(state_.mutex);
    state_.is_woken = true;
    state_.changed.notify_all();
  }

 private:
  State& state_;
};

class MessengerTest : public ::testing::Test {
 protected:
  ~MessengerTest() override { messenger_.stop(); }
  void start() {
    messenger_.start(
        {.heard = [this](News news) { note([&] { heard_.push_back(std::move(news)); }); },
         .refresh = [this] { note([&] { ++refreshed_; }); }}
    );
  }
  template <class Change>
  void note(const Change& change) {
    const MutexLock lock(channel_.mutex);
    change();
    channel_.changed.notify_all();
  }
  /// False when that does not come.
  template <class Holds>
  [[nodiscard]] bool wait_until(const Holds& holds) {
    const MutexLock lock(channel_.mutex);
    while (!holds() && channel_.changed.wait_for(channel_.mutex, kPatience)) {
    }
    return holds();
  }
  [[nodiscard]] bool wait_for_sent(std::size_t count) {
    return wait_until([&] { return channel_.sent.size() >= count; });
  }
  /// So many waits have begun: whatever came before is done.
  [[nodiscard]] bool wait_for_waits(std::size_t count) {
    return wait_until([&] { return channel_.waits.size() >= count; });
  }
  void hear(ScriptedChannel::Heard messages) {
    note([&] { channel_.heard.push_back(std::move(messages)); });
  }
  static News resync(std::int64_t endpoint) {
    News news;
    news.resync_endpoints = {{endpoint}};
    return news;
  }
  static std::string message(const News& news) { return encode_messages(news).front(); }
  static std::string look_at_everything() {
    News news;
    news.all_again = true;
    return message(news);
  }

  StillClock clock_;
  ScriptedChannel::State channel_;
  // The received notifications; guarded by channel_.mutex.
  std::vector<News> heard_;
  int refreshed_ = 0;
  Messenger messenger_{std::make_unique<ScriptedChannel>(channel_), clock_};
};

// Sending.

TEST_F(MessengerTest, SendsWhatIsPostedAtOnce) {
  start();
  ASSERT_TRUE(wait_for_waits(1));
  messenger_.post(resync(1));
  ASSERT_TRUE(wait_for_sent(1)) << "the wait is ended";
  ASSERT_TRUE(wait_for_waits(2));
  clock_.advance(kSendEvery);
  messenger_.post(resync(2));
  ASSERT_TRUE(wait_for_sent(2));
  EXPECT_THAT(channel_.sent, ElementsAre(message(resync(1)), message(resync(2))));
}

TEST_F(MessengerTest, SendsWhatWasPostedBeforeItsStartInOneMessage) {
  messenger_.post(resync(1));
  messenger_.post(resync(2));
  start();
  ASSERT_TRUE(wait_for_sent(1));
  const News sent = must(decode_message(channel_.sent.front()));
  EXPECT_THAT(sent.resync_endpoints, ElementsAre(EndpointId{1}, EndpointId{2}));
}

TEST_F(MessengerTest, SendsNothingWhenThereIsNothingToSay) {
  start();
  messenger_.post({});
  messenger_.stop();
  EXPECT_THAT(channel_.sent, IsEmpty());
}

TEST_F(MessengerTest, AsksOthersToLookAtEverythingOnceItCanSendAgain) {
  channel_.sends_fail = 2;
  messenger_.post(resync(1));
  start();
  ASSERT_TRUE(wait_for_waits(1));
  hear(fail(Errc::kUnavailable, "no session"));
  ASSERT_TRUE(wait_for_waits(2));
  hear(fail(Errc::kUnavailable, "messages may have been missed"));
  ASSERT_TRUE(wait_for_sent(1));
  EXPECT_EQ(channel_.sends_failed, 2);
  EXPECT_THAT(channel_.sent, ElementsAre(look_at_everything()));
}

TEST_F(MessengerTest, GathersWhatComesRightBehindAMessage) {
  start();
  ASSERT_TRUE(wait_for_waits(1));
  messenger_.post(resync(1));
  ASSERT_TRUE(wait_for_waits(2));
  ASSERT_THAT(channel_.sent, SizeIs(1));
  messenger_.post(resync(2));
  ASSERT_TRUE(wait_for_waits(3));
  EXPECT_THAT(channel_.sent, SizeIs(1));
  EXPECT_EQ(channel_.waits.back(), kSendEvery);
  messenger_.post(resync(3));
  clock_.advance(kSendEvery);
  note([&] { channel_.is_over = true; });
  ASSERT_TRUE(wait_for_sent(2));
  const News sent = must(decode_message(channel_.sent.back()));
  EXPECT_THAT(sent.resync_endpoints, ElementsAre(EndpointId{2}, EndpointId{3}));
}

TEST_F(MessengerTest, SendsTheRestNoMoreWhenAMessageFails) {
  News much;
  for (std::int64_t i = 0; i < 1000; ++i) much.resync_endpoints.push_back({1LL << 50});
  ASSERT_GT(encode_messages(much).size(), 1U);
  channel_.sends_fail = 1;
  start();
  ASSERT_TRUE(wait_for_waits(1));
  messenger_.post(much);
  ASSERT_TRUE(wait_for_waits(2));
  EXPECT_THAT(channel_.sent, IsEmpty());
  messenger_.post(resync(2));
  ASSERT_TRUE(wait_for_sent(1));
  const News sent = must(decode_message(channel_.sent.front()));
  EXPECT_TRUE(sent.all_again);
  EXPECT_THAT(sent.resync_endpoints, ElementsAre(EndpointId{2}));
}

// Receiving.

TEST_F(MessengerTest, PassesOnWhatOthersSay) {
  start();
  hear(std::vector{message(resync(1)), message(resync(2))});
  ASSERT_TRUE(wait_until([&] { return !heard_.empty(); }));
  EXPECT_THAT(heard_.front().resync_endpoints, ElementsAre(EndpointId{1}, EndpointId{2}));
  EXPECT_FALSE(heard_.front().all_again);
  EXPECT_EQ(refreshed_, 0);
}

TEST_F(MessengerTest, SaysOnceThatEndpointsOrSettingsHaveChanged) {
  start();
  const std::string refresh{kRefreshMessage};
  hear(std::vector{refresh, message(resync(1)), refresh});
  ASSERT_TRUE(wait_for_waits(2));
  EXPECT_EQ(refreshed_, 1);
  ASSERT_THAT(heard_, SizeIs(1));
  EXPECT_THAT(heard_.front().resync_endpoints, ElementsAre(EndpointId{1}));
}

TEST_F(MessengerTest, PassesOverWhatItCannotRead) {
  start();
  hear(std::vector<std::string>{"garbage", message(resync(1)), "[[7]]"});
  ASSERT_TRUE(wait_until([&] { return !heard_.empty(); }));
  EXPECT_THAT(heard_.front().resync_endpoints, ElementsAre(EndpointId{1}));
}

TEST_F(MessengerTest, IsNotDisturbedByItsOwnPosts) {
  start();
  messenger_.post(resync(1));
  ASSERT_TRUE(wait_for_waits(2));
  EXPECT_THAT(heard_, IsEmpty());
  EXPECT_EQ(refreshed_, 0);
}

// Notifications that may have been missed.

TEST_F(MessengerTest, LooksAtEverythingWheneverItMayHaveMissedSomething) {
  start();
  for (int i = 1; i <= 2; ++i) {
    hear(fail(Errc::kUnavailable, "a session was lost"));
    ASSERT_TRUE(wait_until([&] { return heard_.size() == static_cast<std::size_t>(i); }));
    EXPECT_TRUE(heard_.back().all_again);
    EXPECT_EQ(refreshed_, i);
  }
}

TEST_F(MessengerTest, LooksAtEverythingNowAndThenAnyhow) {
  start();
  ASSERT_TRUE(wait_for_waits(1));
  clock_.advance(kLookEvery - Millis{1});
  note([&] { channel_.is_woken = true; });
  ASSERT_TRUE(wait_for_waits(2));
  EXPECT_THAT(heard_, IsEmpty());
  clock_.advance(Millis{1});
  note([&] { channel_.is_over = true; });
  ASSERT_TRUE(wait_for_waits(3));
  EXPECT_THAT(channel_.waits, ElementsAre(kLookEvery, Millis{1}, kLookEvery));
  ASSERT_THAT(heard_, SizeIs(1));
  EXPECT_TRUE(heard_.front().all_again);
  EXPECT_EQ(refreshed_, 1);
}

TEST_F(MessengerTest, LooksAtEverythingHoweverMuchThereIsToHear) {
  start();
  ASSERT_TRUE(wait_for_waits(1));
  clock_.advance(kLookEvery);
  hear(std::vector{message(resync(1))});
  ASSERT_TRUE(wait_for_waits(2));
  ASSERT_THAT(heard_, SizeIs(2));
  EXPECT_THAT(heard_[0].resync_endpoints, ElementsAre(EndpointId{1}));
  EXPECT_TRUE(heard_[1].all_again);
}

// The end.

TEST_F(MessengerTest, SendsWhatIsQueuedBeforeItEnds) {
  start();
  ASSERT_TRUE(wait_for_waits(1));
  for (std::int64_t id = 1; id <= 3; ++id) messenger_.post(resync(id));
  messenger_.stop();
  std::vector<EndpointId> sent;
  for (const auto& one : channel_.sent) {
    for (const EndpointId id : must(decode_message(one)).resync_endpoints) sent.push_back(id);
  }
  EXPECT_THAT(sent, ElementsAre(EndpointId{1}, EndpointId{2}, EndpointId{3}));
}

TEST_F(MessengerTest, EndsAlthoughNothingCanBeSent) {
  channel_.sends_fail = 1000;
  start();
  messenger_.post(resync(1));
  messenger_.stop();
  messenger_.stop();
  EXPECT_THAT(channel_.sent, IsEmpty());
}

TEST_F(MessengerTest, EndsBeforeItHasBegun) {
  messenger_.stop();
  messenger_.post(resync(1));
  EXPECT_THAT(channel_.sent, IsEmpty());
}

}  // namespace
}  // namespace postrider::testing
