// Polls for rows of the outbox.
#pragma once

#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "store/change_watch.h"

namespace postrider::postgres {

/// Wakes once per period, so that the caller looks at the outbox: producers send no notifications.
/// A NOTIFY in each of their transactions would make their commits wait for each other.
class PollWatch final : public ChangeWatch {
 public:
  explicit PollWatch(Millis period) : period_(period) {}

  bool wait(Millis timeout) override {
    const MutexLock lock(mutex_);
    if (!woken_) static_cast<void>(changed_.wait_for(mutex_, std::min(timeout, period_)));
    return std::exchange(woken_, false) || period_ < timeout;
  }

  void wake() noexcept override {
    {
      const MutexLock lock(mutex_);
      woken_ = true;
    }
    changed_.notify_one();
  }

 private:
  const Millis period_;
  Mutex mutex_;
  CondVar changed_;
  bool woken_ POSTRIDER_GUARDED_BY(mutex_) = false;
};

}  // namespace postrider::postgres
