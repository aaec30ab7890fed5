#include "service/lease_keeper.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/mutex.h"

namespace postrider::testing {
namespace {

constexpr Millis kDuration{50};
const Result<bool> kMine = true;
const Result<bool> kOthers = false;
const Result<bool> kRemoved = fail(Errc::kNotFound, "removed");
const Result<bool> kAway = fail(Errc::kUnavailable, "no server");

/// Gives its answers in turn, the last one for good.
class ScriptedLease final : public Lease {
 public:
  explicit ScriptedLease(std::deque<Result<bool>> answers) : answers_(std::move(answers)) {}
  [[nodiscard]] Millis duration() const override { return kDuration; }
  [[nodiscard]] Result<bool> renew() override {
    const auto answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer;
  }
  void leave() override { left_ = true; }
  [[nodiscard]] const bool& left() const { return left_; }

 private:
  std::deque<Result<bool>> answers_;
  bool left_ = false;
};

/// What a keeper told.
class Told {
 public:
  LeaseKeeper::Listener listener() {
    return {
        .may_send_until =
            [this](MonoTime end) {
              const MutexLock lock(mutex_);
              ends_.push_back(end);
              changed_.notify_all();
            },
        .lost =
            [this] {
              const MutexLock lock(mutex_);
              ++lost_;
              changed_.notify_all();
            }};
  }
  /// False when that does not come.
  bool wait_for_ends(std::size_t count) {
    const MutexLock lock(mutex_);
    while (ends_.size() < count && changed_.wait_for(mutex_, Millis{5000})) {
    }
    return ends_.size() >= count;
  }
  bool wait_for_loss() {
    const MutexLock lock(mutex_);
    while (lost_ == 0 && changed_.wait_for(mutex_, Millis{5000})) {
    }
    return lost_ == 1;
  }
  std::vector<MonoTime> ends() {
    const MutexLock lock(mutex_);
    return ends_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<MonoTime> ends_ POSTRIDER_GUARDED_BY(mutex_);
  int lost_ POSTRIDER_GUARDED_BY(mutex_) = 0;
};

const SystemClock kClock;

LeaseKeeper keeper_of(std::deque<Result<bool>> answers, MonoTime renewed_at) {
  return {std::make_unique<ScriptedLease>(std::move(answers)), renewed_at, kClock};
}

}  // namespace

TEST(LeaseKeeper, NodeMaySendForLessThanItsLeaseFromBeforeEachRenewalOn) {
  Told told;
  const MonoTime renewed_at = kClock.mono_now();
  LeaseKeeper keeper = keeper_of({kMine}, renewed_at);
  keeper.start(told.listener());
  EXPECT_EQ(told.ends().front(), renewed_at + kDuration * 4 / 5);
  EXPECT_TRUE(told.wait_for_ends(3));
  keeper.stop();
  const auto ends = told.ends();
  EXPECT_TRUE(std::is_sorted(ends.begin(), ends.end()));
  EXPECT_LE(ends.back(), kClock.mono_now() + kDuration);
}

TEST(LeaseKeeper, DatabaseThatIsAwayExtendsNothingAndLosesNothing) {
  Told told;
  LeaseKeeper keeper = keeper_of({kAway, kAway, kAway, kMine}, kClock.mono_now());
  keeper.start(told.listener());
  EXPECT_TRUE(told.wait_for_ends(2)) << "once it is back";
  EXPECT_GE(told.ends()[1] - told.ends()[0], kDuration * 3 / 5);
}

TEST(LeaseKeeper, NodeThatWasRemovedIsToldOnce) {
  Told told;
  LeaseKeeper keeper = keeper_of({kMine, kRemoved}, kClock.mono_now());
  keeper.start(told.listener());
  EXPECT_TRUE(told.wait_for_loss());
  keeper.stop();
  EXPECT_EQ(told.ends().size(), 2U);
}

TEST(LeaseKeeper, LeavesWhenItStops) {
  Told told;
  auto lease = std::make_unique<ScriptedLease>(std::deque{kMine});
  const bool& left = lease->left();
  LeaseKeeper keeper{std::move(lease), kClock.mono_now(), kClock};
  keeper.start(told.listener());
  EXPECT_FALSE(left);
  keeper.stop();
  EXPECT_TRUE(left);
}

TEST(WaitForTurn, WaitsForOthersAndForADatabaseThatIsAway) {
  ScriptedLease lease{{kOthers, kAway, kOthers, kMine}};
  int pauses = 0;
  const auto turn = wait_for_turn(lease, kClock, [&](Millis) { return ++pauses < 100; });
  ASSERT_TRUE(turn);
  EXPECT_TRUE(turn->has_value());
  EXPECT_EQ(pauses, 3);
}

TEST(WaitForTurn, EndsWhenItIsToldTo) {
  ScriptedLease lease{{kOthers}};
  const auto turn = wait_for_turn(lease, kClock, [](Millis) { return false; });
  ASSERT_TRUE(turn);
  EXPECT_FALSE(turn->has_value());
}

TEST(WaitForTurn, PlaceThatWasLostIsAnError) {
  ScriptedLease lease{{kOthers, kRemoved}};
  const auto turn = wait_for_turn(lease, kClock, [](Millis) { return true; });
  ASSERT_FALSE(turn);
  EXPECT_EQ(turn.error().code, Errc::kNotFound);
}

}  // namespace postrider::testing
