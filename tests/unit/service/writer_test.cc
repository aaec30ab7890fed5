// The writer's thread over a store that runs out of space.
#include "service/writer.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/sqlite/sqlite_store.h"

#include "tests/sim/faulty_store.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {
namespace {

constexpr Millis kPatience{20'000};

/// The writer's notifications about its store, in order.
class Told final : public CommitListener {
 public:
  explicit Told(const Clock& clock) : clock_(clock) {}

  void committed(Effects /*effects*/, double /*seconds*/, std::int64_t /*rows*/) override {}
  void writable(bool writable) override {
    const MutexLock lock(mutex_);
    told_.push_back(writable);
    changed_.notify_all();
  }

  /// Takes the oldest notification. Returns nothing if none arrives within kPatience.
  [[nodiscard]] std::optional<bool> next() {
    const MonoTime end = clock_.mono_now() + kPatience;
    const MutexLock lock(mutex_);
    while (told_.empty()) {
      const auto left = std::chrono::ceil<Millis>(end - clock_.mono_now());
      if (left <= Millis{0}) return std::nullopt;
      static_cast<void>(changed_.wait_for(mutex_, left));
    }
    const bool first = told_.front();
    told_.pop_front();
    return first;
  }
  [[nodiscard]] bool is_silent() {
    const MutexLock lock(mutex_);
    return told_.empty();
  }

 private:
  const Clock& clock_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<bool> told_ POSTRIDER_GUARDED_BY(mutex_);
};

class WriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    control_.plan = &plan_;
    auto store = sqlite::SqliteStore::open(path_);
    ASSERT_TRUE(store) << store.error().context;
    auto reader = sqlite::SqliteReaders{path_}.open();
    ASSERT_TRUE(reader) << reader.error().context;
    writer_ = std::make_unique<Writer>(
        std::make_unique<sim::FaultyStore>(std::move(*store), control_),
        std::move(*reader),
        clock_,
        told_
    );
    ASSERT_TRUE(writer_->start());
  }

  /// Changes the plan on the writer's thread, in a group that writes nothing.
  Status plan(const std::function<void(sim::Plan&)>& change) {
    return writer_->execute(Change{[&](WriteContext&) -> Status {
      change(plan_);
      return {};
    }});
  }

  const TempDir directory_;
  const std::string path_ = directory_.file("postrider.db");
  const SystemClock clock_{};
  sim::Plan plan_;  // used by the writer's thread
  sim::StoreControl control_;
  Told told_{clock_};
  std::unique_ptr<Writer> writer_;
};

TEST_F(WriterTest, TellsThatACommandFoundNoSpaceAndByItselfThatThereIsSomeAgain) {
  const auto failed = plan([](sim::Plan& plan) { plan.commit_fails = 1; });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::kUnavailable);
  EXPECT_EQ(told_.next(), false);
  // Its commit writes nothing, so it says nothing about space.
  ASSERT_TRUE(plan([](sim::Plan& plan) { plan.commit_fails = 0; }));
  EXPECT_EQ(told_.next(), true);
}

TEST_F(WriterTest, TellsThatOneCommandOfAGroupFoundNoSpace) {
  const auto failed = writer_->execute(Change{
      [](WriteContext&) -> Status { return fail(Errc::kUnavailable, "the database is full"); }});
  ASSERT_FALSE(failed);
  EXPECT_EQ(told_.next(), false);
  EXPECT_EQ(told_.next(), true);
}

TEST_F(WriterTest, StaysUnwritableWhileItsProbesFailWhateverElseFails) {
  ASSERT_FALSE(plan([](sim::Plan& plan) { plan.commit_fails = 1; }));
  EXPECT_EQ(told_.next(), false);
  const MonoTime end = clock_.mono_now() + kPatience;
  int probes = 0;
  while (probes < 2 && clock_.mono_now() < end) {
    EXPECT_FALSE(plan([&](sim::Plan&) { probes = control_.probes; }));
  }
  EXPECT_EQ(probes, 2);
  EXPECT_TRUE(told_.is_silent());
  ASSERT_TRUE(plan([](sim::Plan& plan) { plan.commit_fails = 0; }));
  EXPECT_EQ(told_.next(), true);
}

TEST_F(WriterTest, SaysNothingOfACommandThatIsRefused) {
  for (const Errc code : {Errc::kConflict, Errc::kNotFound, Errc::kBusy}) {
    EXPECT_FALSE(writer_->execute(Change{
        [&](WriteContext&) -> Status { return fail(code, "refused"); }}));
  }
  EXPECT_TRUE(told_.is_silent());
}

TEST_F(WriterTest, StopsWhileNothingCanBeWritten) {
  ASSERT_FALSE(plan([](sim::Plan& plan) { plan.commit_fails = 1; }));
  writer_->stop();
  EXPECT_EQ(told_.next(), false);
  EXPECT_TRUE(told_.is_silent());
}

}  // namespace
}  // namespace postrider::testing
