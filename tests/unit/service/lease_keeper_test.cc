#include "service/lease_keeper.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/mutex.h"

namespace postrider::testing {
namespace {

constexpr Millis kDuration{50};
constexpr Millis kPatience{5000};

Partitions first_of(std::size_t count) {
  Partitions partitions;
  for (std::size_t i = 0; i < count; ++i) partitions.set(i);
  return partitions;
}

const Result<Share> kRemoved = fail(Errc::kNotFound, "removed");
const Result<Share> kAway = fail(Errc::kUnavailable, "no server");

/// The lease of a node beside others, whom it sees claim what it gives back.
class ScriptedLease final : public Lease {
 public:
  struct State {
    Mutex mutex;
    CondVar changed;
    // All of it guarded by the mutex while threads run; tests reach it under lambdas that the
    // analysis cannot follow.
    Partitions owned;
    std::size_t fair = kPartitionsCount;
    std::deque<Result<Share>> failures;
    int answers_lost = 0;  ///< of give_back(), which is done
    std::vector<std::string> calls;
    Millis ahead{0};
    Membership membership = Membership::kWorking;
    bool left = false;

    /// False when that does not come.
    template <class Holds>
    bool wait_until(const Holds& holds) {
      const MutexLock lock(mutex);
      while (!holds() && changed.wait_for(mutex, kPatience)) {
      }
      return holds();
    }
  };

  explicit ScriptedLease(State& state) : state_(state) {}
  [[nodiscard]] Millis duration() const override { return kDuration; }
  [[nodiscard]] Result<Share> renew(Membership membership) override {
    const MutexLock lock(state_.mutex);
    state_.membership = membership;
    state_.calls.emplace_back("renew");
    state_.changed.notify_all();
    if (!state_.failures.empty()) {
      auto failure = state_.failures.front();
      state_.failures.pop_front();
      return failure;
    }
    Share share;
    share.owned = state_.owned;
    share.fair = membership == Membership::kLeaving ? 0 : state_.fair;
    share.database_time = kClock.wall_now() + state_.ahead;
    return share;
  }
  [[nodiscard]] Status give_back(const Partitions& partitions) override {
    const MutexLock lock(state_.mutex);
    state_.owned &= ~partitions;
    state_.calls.emplace_back("give back");
    state_.changed.notify_all();
    if (state_.answers_lost == 0) return {};
    --state_.answers_lost;
    return fail(Errc::kUnavailable, "no answer");
  }
  void leave() override {
    const MutexLock lock(state_.mutex);
    state_.left = true;
  }

  inline static const SystemClock kClock;

 private:
  State& state_;
};

class LeaseKeeperTest : public ::testing::Test {
 protected:
  void start() {
    keeper_.start(
        {.may_send_until = [this](MonoTime end) { note([&] { ends_.push_back(end); }); },
         .owned = [this](const Partitions& owned) { note([&] { ever_owned_ |= owned_ = owned; }); },
         .surplus = [this](const Partitions& surplus) { note([&] { surplus_ = surplus; }); },
         .lost = [this] { note([&] { ++lost_; }); }}
    );
  }
  void note(const std::function<void()>& change) {
    const MutexLock lock(lease_.mutex);
    change();
    lease_.changed.notify_all();
  }
  void set_share(const Partitions& owned, std::size_t fair) {
    note([&] {
      lease_.owned = owned;
      lease_.fair = fair;
    });
  }
  template <class Holds>
  bool wait_until(const Holds& holds) {
    return lease_.wait_until(holds);
  }

  ScriptedLease::State lease_;
  // The keeper's notifications; guarded by lease_.mutex.
  std::vector<MonoTime> ends_;
  Partitions owned_;
  Partitions ever_owned_;
  Partitions surplus_;
  int lost_ = 0;
  AdjustedClock clock_{ScriptedLease::kClock};
  LeaseKeeper keeper_{std::make_unique<ScriptedLease>(lease_), clock_};
};

}  // namespace

TEST_F(LeaseKeeperTest, NodeMaySendForLessThanItsLeaseFromBeforeEachRenewalOn) {
  const MonoTime before = clock_.mono_now();
  start();
  ASSERT_TRUE(wait_until([&] { return ends_.size() >= 3; }));
  keeper_.stop();
  EXPECT_GE(ends_.front(), before + kDuration * 4 / 5);
  EXPECT_TRUE(std::is_sorted(ends_.begin(), ends_.end()));
  EXPECT_LE(ends_.back(), clock_.mono_now() + kDuration * 4 / 5);
}

TEST_F(LeaseKeeperTest, DatabaseThatIsAwayExtendsNothingAndLosesNothing) {
  lease_.failures = {kAway, kAway, kAway};
  start();
  ASSERT_TRUE(wait_until([&] { return !ends_.empty(); })) << "once it is back";
  EXPECT_TRUE(wait_until([&] { return lease_.failures.empty() && lost_ == 0; }));
}

TEST_F(LeaseKeeperTest, NodeThatWasRemovedIsToldOnce) {
  lease_.failures = {kRemoved};
  start();
  EXPECT_TRUE(wait_until([&] { return lost_ == 1; }));
  keeper_.stop();
  EXPECT_EQ(lost_, 1);
  EXPECT_TRUE(ends_.empty());
}

TEST_F(LeaseKeeperTest, TellsWhatIsOwnAndWhatIsMoreThanTheShare) {
  set_share(first_of(10), 10);
  start();
  ASSERT_TRUE(wait_until([&] { return owned_ == first_of(10); }));
  EXPECT_TRUE(wait_until([&] { return surplus_.none(); }));
  set_share(first_of(10), 4);
  EXPECT_TRUE(wait_until([&] { return surplus_ == (first_of(10) & ~first_of(4)); }));
  EXPECT_TRUE(wait_until([&] { return owned_ == first_of(4); }));
}

// It may have been given back before: what was known of it then does not count any more.
TEST_F(LeaseKeeperTest, WhatIsSurplusFromTheBeginningWasTheNodesOwnFirst) {
  set_share(first_of(10), 4);
  start();
  ASSERT_TRUE(wait_until([&] { return surplus_.count() == 6; }));
  EXPECT_TRUE(wait_until([&] { return ever_owned_ == first_of(10); }));
}

TEST_F(LeaseKeeperTest, GivesBackWhatNothingIsInFlightForAndOnlyOnce) {
  set_share(first_of(10), 4);
  start();
  ASSERT_TRUE(wait_until([&] { return surplus_.count() == 6; }));
  keeper_.give_back(Partitions{}.set(9));
  EXPECT_TRUE(wait_until([&] { return lease_.owned == first_of(9); }));
  EXPECT_TRUE(wait_until([&] { return surplus_.count() == 5; }));
  // Others have left, and it gets the same one again.
  set_share(first_of(10), 10);
  EXPECT_TRUE(wait_until([&] { return owned_.test(9); }));
}

// A renewal might acquire a partition again. The repeated release would then take it away while the
// node sends for it.
TEST_F(LeaseKeeperTest, GivesBackAgainBeforeItRenewsWhenTheAnswerWasLost) {
  set_share(first_of(10), 4);
  start();
  ASSERT_TRUE(wait_until([&] { return surplus_.count() == 6; }));
  note([&] {
    lease_.answers_lost = 2;
    lease_.calls.clear();
  });
  keeper_.give_back(Partitions{}.set(9));
  const auto given_back = [&] {
    return std::count(lease_.calls.begin(), lease_.calls.end(), "give back");
  };
  ASSERT_TRUE(wait_until([&] { return given_back() == 3 && lease_.calls.back() == "renew"; }));
  keeper_.stop();
  EXPECT_EQ(given_back(), 3) << "and no more once it is answered";
  const auto first = std::find(lease_.calls.begin(), lease_.calls.end(), "give back");
  EXPECT_EQ(std::vector(first, first + 3), std::vector<std::string>(3, "give back"));
}

TEST_F(LeaseKeeperTest, GivesBackWhatItHasAbandonedAlsoWhenItsShareGrowsMeanwhile) {
  set_share(first_of(10), 4);
  start();
  ASSERT_TRUE(wait_until([&] { return surplus_.count() == 6; }));
  set_share(first_of(10), 10);
  keeper_.give_back(first_of(10) & ~first_of(4));
  EXPECT_TRUE(wait_until([&] { return lease_.owned == first_of(4); }));
  set_share(first_of(10), 10);
  EXPECT_TRUE(wait_until([&] { return owned_ == first_of(10); }));
}

TEST_F(LeaseKeeperTest, GivesBackNothingThatIsNotSurplus) {
  set_share(first_of(10), 10);
  start();
  ASSERT_TRUE(wait_until([&] { return owned_ == first_of(10); }));
  keeper_.give_back(first_of(3));
  const auto calls = [&] { return lease_.calls.size(); };
  note([&] { lease_.calls.clear(); });
  ASSERT_TRUE(wait_until([&] { return calls() >= 3; }));
  keeper_.stop();
  EXPECT_EQ(lease_.owned, first_of(10));
}

TEST_F(LeaseKeeperTest, NodeThatLeavesHasNothingThatIsItsShare) {
  set_share(first_of(10), 10);
  start();
  ASSERT_TRUE(wait_until([&] { return owned_ == first_of(10); }));
  keeper_.begin_leaving();
  EXPECT_TRUE(wait_until([&] { return surplus_ == first_of(10) && owned_.none(); }));
  EXPECT_TRUE(wait_until([&] { return lease_.membership == Membership::kLeaving; }));
}

TEST_F(LeaseKeeperTest, ClockFollowsTheDatabases) {
  note([&] { lease_.ahead = Millis{60'000}; });
  start();
  ASSERT_TRUE(wait_until([&] { return clock_.offset() > Millis{59'000}; }));
  EXPECT_LT(clock_.offset(), Millis{61'000});
  note([&] { lease_.ahead = Millis{-60'000}; });
  EXPECT_TRUE(wait_until([&] { return clock_.offset() < Millis{-59'000}; }));
}

TEST_F(LeaseKeeperTest, EndsTheMembershipWhenItStops) {
  start();
  EXPECT_TRUE(wait_until([&] { return !lease_.left; }));
  keeper_.stop();
  EXPECT_TRUE(lease_.left);
}

}  // namespace postrider::testing
