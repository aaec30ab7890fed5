// Looks for rows of the outbox without being told of them.
#pragma once

#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "store/change_watch.h"

namespace postrider::postgres {

/// Wakes every now and then, for whoever waits to look: producers tell nobody of what they insert.
/// A NOTIFY in each of their transactions would make these wait for each other at their commits.
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
