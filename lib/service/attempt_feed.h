// Attempts as they are committed, for those who watch.
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

/// Keeps the latest attempts in memory and wakes who waits for them. Thread-safe.
class AttemptFeed {
 public:
  /// An attempt and its place in the feed. The attempt is shared by the feed and its watchers.
  struct Item {
    std::uint64_t number = 0;
    std::shared_ptr<const RecordedAttempt> attempt;
  };

  /// Attempts kept for watchers that are slow; who falls further behind misses some.
  static constexpr std::size_t kItemsMax = 1024;

  void publish(const std::vector<RecordedAttempt>& attempts);

  /// The number that the next attempt will have.
  [[nodiscard]] std::uint64_t next_number() const;
  /// Attempts from `number` on; waits up to `timeout` for the first. Empty after a time-out or a
  /// close().
  [[nodiscard]] std::vector<Item> wait_from(std::uint64_t number, Millis timeout);
  /// Ends all waits for good.
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
