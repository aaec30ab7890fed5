// Processor time that is up.
#pragma once

#include <atomic>
#include <csignal>
#include <ctime>

#include "base/clock.h"
#include "base/error.h"

namespace postrider::jq {

/// Signals itself that the process has used more processor time than it may. Owned by one thread.
class CpuTimer {
 public:
  CpuTimer() = default;
  CpuTimer(const CpuTimer&) = delete;
  CpuTimer& operator=(const CpuTimer&) = delete;
  ~CpuTimer() = default;

  /// `signal` is what comes when time is up, with `value` for its handler.
  [[nodiscard]] Status create(int signal, void* value);
  /// After `limit` of processor time from now, and again after each further half of it.
  void start(Millis limit);
  void stop();

 private:
  timer_t timer_{};
};

}  // namespace postrider::jq
