// The only kind of queue between threads: bounded, many producers, one consumer.
#pragma once

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace postrider {

/// Thread-safe. The consumer takes everything at once, so a batch grows by itself under load.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t items_max) : items_max_(items_max) {}

  /// False when the queue is full or closed; `item` is then untouched.
  [[nodiscard]] bool try_push(T&& item) {
    {
      const MutexLock lock(mutex_);
      if (closed_ || items_.size() >= items_max_) return false;
      items_.push_back(std::move(item));
    }
    ready_.notify_one();
    return true;
  }

  /// Appends up to `rows_max` waiting items to `out`, oldest first; waits up to `timeout` for the
  /// first. Returns false once the queue is closed and empty.
  bool pop_batch(std::vector<T>& out, std::size_t rows_max, std::chrono::milliseconds timeout) {
    const MutexLock lock(mutex_);
    if (items_.empty() && !closed_ && !woken_ && timeout.count() > 0) {
      static_cast<void>(ready_.wait_for(mutex_, timeout));
    }
    woken_ = false;
    const std::size_t count = items_.size() < rows_max ? items_.size() : rows_max;
    const auto stop = items_.begin() + static_cast<std::ptrdiff_t>(count);
    out.insert(out.end(), std::make_move_iterator(items_.begin()), std::make_move_iterator(stop));
    items_.erase(items_.begin(), stop);
    return !closed_ || count > 0;
  }

  /// Ends a wait of the consumer, now or the next one.
  void wake() {
    {
      const MutexLock lock(mutex_);
      woken_ = true;
    }
    ready_.notify_one();
  }

  /// Refuses further items; what is inside can still be taken.
  void close() {
    {
      const MutexLock lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

  [[nodiscard]] std::size_t size() const {
    const MutexLock lock(mutex_);
    return items_.size();
  }

 private:
  const std::size_t items_max_;
  mutable Mutex mutex_;
  CondVar ready_;
  std::vector<T> items_ POSTRIDER_GUARDED_BY(mutex_);
  bool closed_ POSTRIDER_GUARDED_BY(mutex_) = false;
  bool woken_ POSTRIDER_GUARDED_BY(mutex_) = false;
};

}  // namespace postrider
