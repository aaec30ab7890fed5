// SharedValue is a value that one thread replaces and many read.
#pragma once

#include <memory>
#include <utility>

#include "base/mutex.h"

namespace postrider {

/// Thread-safe. Each version is immutable and lives until its last reader releases it.
template <class T>
class SharedValue {
 public:
  explicit SharedValue(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  [[nodiscard]] std::shared_ptr<const T> get() const {
    const MutexLock lock(mutex_);
    return value_;
  }
  void set(std::shared_ptr<const T> value) {
    const MutexLock lock(mutex_);
    value_ = std::move(value);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ POSTRIDER_GUARDED_BY(mutex_);
};

}  // namespace postrider
