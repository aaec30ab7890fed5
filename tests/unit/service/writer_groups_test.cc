// What the writer puts into one group, and when it begins one.
#include <atomic>
#include <deque>
#include <future>
#include <latch>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "service/writer.h"
#include "store/sqlite/sqlite_store.h"

#include "tests/support/temp_dir.h"

namespace postrider::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Le;

constexpr std::chrono::seconds kPatience{20};

/// Monotonic time advances only by pass().
class StandingClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall_now() const override { return system_.wall_now(); }
  [[nodiscard]] MonoTime mono_now() const override { return begun_ + Millis{passed_ms_.load()}; }
  [[nodiscard]] std::int64_t boot() const override { return system_.boot(); }
  void pass(Millis time) { passed_ms_ += time.count(); }

 private:
  const SystemClock system_{};
  const MonoTime begun_ = system_.mono_now();
  std::atomic<std::int64_t> passed_ms_{0};
};

/// How many changes and settlements each commit had.
class Groups final : public CommitListener {
 public:
  void committed(Effects /*effects*/, double /*seconds*/, std::int64_t rows) override {
    const MutexLock lock(mutex_);
    rows_.push_back(rows);
    changed_.notify_all();
  }
  void writable(bool /*writable*/) override {}

  /// Those of all commits, once there are `count`.
  [[nodiscard]] std::vector<std::int64_t> once_there_are(std::size_t count) {
    const MonoTime end = clock_.mono_now() + kPatience;
    const MutexLock lock(mutex_);
    while (rows_.size() < count && clock_.mono_now() < end) {
      static_cast<void>(changed_.wait_for(mutex_, Millis{1000}));
    }
    return {rows_.begin(), rows_.end()};
  }

 private:
  const SystemClock clock_{};
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::int64_t> rows_ POSTRIDER_GUARDED_BY(mutex_);
};

class WriterGroupsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = sqlite::SqliteStore::open(path_);
    ASSERT_TRUE(store) << store.error().context;
    auto reader = sqlite::SqliteReaders{path_}.open();
    ASSERT_TRUE(reader) << reader.error().context;
    writer_ = std::make_unique<Writer>(std::move(*store), std::move(*reader), clock_, groups_);
    ASSERT_TRUE(writer_->start());
  }

  /// Makes settlements of deliveries that retention has removed. Only their number matters here.
  static std::vector<Settlement> settlements(std::size_t count) {
    std::vector<Settlement> made(count);
    for (Settlement& one : made) one.next = Delivered{};
    return made;
  }
  static Status nothing(WriteContext& /*context*/) { return {}; }

  const TempDir directory_;
  const std::string path_ = directory_.file("postrider.db");
  StandingClock clock_;
  Groups groups_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(WriterGroupsTest, KeepsSettlementsThatNothingWaitsForWhileCommandsAreWritten) {
  writer_->settle(settlements(2), Urgency::kCanWait);
  ASSERT_TRUE(writer_->execute(Change{nothing}));
  writer_->settle(settlements(1), Urgency::kCanWait);
  clock_.pass(Millis{10});
  ASSERT_TRUE(writer_->execute(Change{nothing}));
  // The second command comes together with them or after them.
  const auto rows = groups_.once_there_are(2);
  EXPECT_THAT(rows.front(), 1);
  EXPECT_THAT(rows[1], AnyOf(3, 4));
}

TEST_F(WriterGroupsTest, WritesSettlementsThatNothingWaitsForAfterSomeMilliseconds) {
  writer_->settle(settlements(2), Urgency::kCanWait);
  clock_.pass(Millis{10});
  EXPECT_THAT(groups_.once_there_are(1), ElementsAre(2));
}

TEST_F(WriterGroupsTest, WritesSettlementsThatSomethingWaitsForAtOnce) {
  writer_->settle(settlements(2), Urgency::kAwaited);
  EXPECT_THAT(groups_.once_there_are(1), ElementsAre(2));
}

TEST_F(WriterGroupsTest, WritesManySettlementsAtOnce) {
  writer_->settle(settlements(1000), Urgency::kCanWait);
  EXPECT_THAT(groups_.once_there_are(1), ElementsAre(1000));
}

TEST_F(WriterGroupsTest, WritesWhatItKeepsWhenItStops) {
  writer_->settle(settlements(2), Urgency::kCanWait);
  writer_->stop();
  EXPECT_THAT(groups_.once_there_are(1), ElementsAre(2));
}

TEST_F(WriterGroupsTest, PutsNoMoreIntoAGroupThanEnoughEvents) {
  constexpr std::ptrdiff_t kCommands = 6;
  std::latch queueing{kCommands};
  std::vector<std::future<Status>> done;
  const auto queue = [&](Change change, std::size_t events) {
    done.push_back(std::async(std::launch::async, [&, change = std::move(change), events] {
      queueing.count_down();
      return writer_->execute(change, events);
    }));
  };
  // The others come while the writer is busy with this one.
  done.push_back(std::async(std::launch::async, [&] {
    return writer_->execute(Change{[&](WriteContext&) -> Status {
      queueing.wait();
      return {};
    }});
  }));
  for (int i = 0; i < kCommands; ++i) queue(nothing, limits::kGroupEventsMax / 2);
  for (auto& one : done) EXPECT_TRUE(one.get());
  EXPECT_THAT(groups_.once_there_are(4), Each(Le(2)));
}

}  // namespace
}  // namespace postrider::testing
