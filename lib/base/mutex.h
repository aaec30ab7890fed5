// A mutex that Clang's thread-safety analysis understands (libstdc++'s is not annotated).
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define POSTRIDER_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define POSTRIDER_THREAD_ATTRIBUTE(x)
#endif

#define POSTRIDER_CAPABILITY(x) POSTRIDER_THREAD_ATTRIBUTE(capability(x))
#define POSTRIDER_SCOPED_CAPABILITY POSTRIDER_THREAD_ATTRIBUTE(scoped_lockable)
#define POSTRIDER_GUARDED_BY(x) POSTRIDER_THREAD_ATTRIBUTE(guarded_by(x))
#define POSTRIDER_REQUIRES(...) POSTRIDER_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define POSTRIDER_ACQUIRE(...) POSTRIDER_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define POSTRIDER_RELEASE(...) POSTRIDER_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define POSTRIDER_EXCLUDES(...) POSTRIDER_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define POSTRIDER_NO_THREAD_SAFETY_ANALYSIS POSTRIDER_THREAD_ATTRIBUTE(no_thread_safety_analysis)

namespace postrider {

class POSTRIDER_CAPABILITY("mutex") Mutex {
 public:
  void lock() POSTRIDER_ACQUIRE() { mutex_.lock(); }
  void unlock() POSTRIDER_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class POSTRIDER_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) POSTRIDER_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() POSTRIDER_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// A condition variable without predicates: callers loop over their condition with the lock held.
class CondVar {
 public:
  void wait(Mutex& mutex) POSTRIDER_REQUIRES(mutex) POSTRIDER_NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }

  /// Returns false when `timeout` passed first.
  bool wait_for(Mutex& mutex, std::chrono::milliseconds timeout)
      POSTRIDER_REQUIRES(mutex) POSTRIDER_NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool notified = condition_.wait_for(lock, timeout) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }

  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace postrider
