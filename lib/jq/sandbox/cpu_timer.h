// A timer of processor time.
#pragma once

#include <atomic>
#include <csignal>
#include <ctime>

#include "base/clock.h"
#include "base/error.h"

namespace postrider::jq {

/// Signals the process when it has used more processor time than allowed. Owned by one thread.
class CpuTimer {
 public:
  CpuTimer() = default;
  CpuTimer(const CpuTimer&) = delete;
  CpuTimer& operator=(const CpuTimer&) = delete;
  ~CpuTimer() = default;

  /// `signal`: sent when the time is up, with `value` for its handler.
  [[nodiscard]] Status create(int signal, void* value);
  /// Starts the timer: signals after `limit` of processor time, and again after each further half
  /// of it.
  void start(Millis limit);
  void stop();

 private:
  timer_t timer_{};
};

}  // namespace postrider::jq
