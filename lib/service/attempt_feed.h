// AttemptFeed passes committed attempts to the clients of live streams.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "service/write_context.h"

namespace postrider {

/// Keeps the latest attempts in memory and wakes the threads that wait for them. Thread-safe.
class AttemptFeed {
 public:
  /// An attempt and its number in the feed. The feed and its watchers share the attempt.
  struct Item {
    std::uint64_t number = 0;
    std::shared_ptr<const RecordedAttempt> attempt;
  };

  /// The number of attempts kept for slow watchers. A watcher that falls further behind misses
  /// some.
  static constexpr std::size_t kItemsMax = 1024;

  void publish(const std::vector<RecordedAttempt>& attempts);

  /// Returns the number that the next attempt will have.
  [[nodiscard]] std::uint64_t next_number() const;
  /// Returns the attempts from `number` on. Waits up to `timeout` for the first. Returns nothing
  /// after a timeout or a close().
  [[nodiscard]] std::vector<Item> wait_from(std::uint64_t number, Millis timeout);
  /// Ends all waits, now and later.
  void close();
  [[nodiscard]] bool closed() const;

 private:
  mutable Mutex mutex_;
  CondVar published_;
  std::deque<Item> items_ POSTRIDER_GUARDED_BY(mutex_);
  std::uint64_t next_ POSTRIDER_GUARDED_BY(mutex_) = 0;
  bool closed_ POSTRIDER_GUARDED_BY(mutex_) = false;
};

}  // namespace postrider
