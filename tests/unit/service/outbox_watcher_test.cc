#include "service/outbox_watcher.h"

#include <memory>

#include "service/ownership.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/wal_watch.h"

#include "tests/support/fake_programs.h"
#include "tests/support/raw_db.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {
namespace {

constexpr Millis kPatience{20'000};

/// Lets a test wait for groups and for events.
class Commits final : public CommitListener {
 public:
  void committed(Effects effects, double /*seconds*/, std::int64_t /*rows*/) override {
    const MutexLock lock(mutex_);
    ++groups_;
    events_ += effects.events_accepted;
    changed_.notify_all();
  }
  void writable(bool /*writable*/) override {}

  /// Whether so many groups ran, committed or not, before patience ends.
  [[nodiscard]] bool wait_groups(int count) {
    return wait([this, count]() POSTRIDER_NO_THREAD_SAFETY_ANALYSIS { return groups_ >= count; });
  }
  [[nodiscard]] bool wait_event() {
    return wait([this]() POSTRIDER_NO_THREAD_SAFETY_ANALYSIS { return events_ > 0; });
  }
  [[nodiscard]] std::int64_t events() {
    const MutexLock lock(mutex_);
    return events_;
  }

 private:
  template <class Condition>
  [[nodiscard]] bool wait(const Condition& holds) {
    const MonoTime end = clock_.mono_now() + kPatience;
    const MutexLock lock(mutex_);
    while (!holds()) {
      const auto left = std::chrono::ceil<Millis>(end - clock_.mono_now());
      if (left <= Millis{0}) return false;
      static_cast<void>(changed_.wait_for(mutex_, left));
    }
    return true;
  }

  const SystemClock clock_{};
  Mutex mutex_;
  CondVar changed_;
  int groups_ POSTRIDER_GUARDED_BY(mutex_) = 0;
  std::int64_t events_ POSTRIDER_GUARDED_BY(mutex_) = 0;
};

TEST(OutboxWatcher, TriesARowAgainAlthoughNobodyWritesAnyMore) {
  const TempDir dir;
  const std::string path = dir.file("postrider.db");
  auto store = sqlite::SqliteStore::open(path);
  ASSERT_TRUE(store);
  sqlite::SqliteReaders readers(path);
  auto writer_reader = readers.open();
  auto watcher_reader = readers.open();
  auto watch = sqlite::WalWatch::open(path);
  ASSERT_TRUE(writer_reader && watcher_reader && watch);

  RawDb producer(path);
  ASSERT_EQ(producer.exec("INSERT INTO outbox (type, data) VALUES ('a.b', '1')"), SQLITE_OK);

  const SystemClock clock;
  Commits commits;
  Writer writer(std::move(*store), std::move(*writer_reader), clock, commits);
  ASSERT_TRUE(writer.start());
  ASSERT_TRUE(writer.execute(Change{
      [](WriteContext& context) { return adopt(context, Partitions{}.set(), MonoTime{}); }}));
  ASSERT_EQ(producer.exec("BEGIN IMMEDIATE"), SQLITE_OK);
  FakePrograms programs;
  OutboxWatcher watcher(
      std::move(*watcher_reader),
      std::move(*watch),
      writer,
      {programs, clock},
      [] { return Catalogue::build({}); },
      1024
  );
  watcher.start();
  ASSERT_TRUE(commits.wait_groups(2));  // the second one met the producer's transaction
  EXPECT_EQ(commits.events(), 0);
  ASSERT_EQ(producer.exec("ROLLBACK"), SQLITE_OK);

  EXPECT_TRUE(commits.wait_event());
  watcher.stop();
  writer.stop();
}

}  // namespace
}  // namespace postrider::testing
