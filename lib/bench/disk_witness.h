// Measures the latency of the disk alone while something else is measured.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "http/socket.h"

namespace postrider::bench {

/// A thread that writes a page to its own file and calls fdatasync, fifty times per second.
class DiskWitness {
 public:
  [[nodiscard]] static Result<std::unique_ptr<DiskWitness>> start(
      const std::string& directory, const Clock& clock
  );
  ~DiskWitness();
  DiskWitness(const DiskWitness&) = delete;
  DiskWitness& operator=(const DiskWitness&) = delete;

  /// Stops the thread and returns the duration of each call in microseconds.
  [[nodiscard]] std::vector<std::int64_t> stop();

 private:
  DiskWitness(Fd file, const Clock& clock) : file_(std::move(file)), clock_(clock) {}
  void run() noexcept;

  const Fd file_;
  const Clock& clock_;
  Mutex mutex_;
  CondVar stopped_;
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;
  std::vector<std::int64_t> calls_us_;  // used by the thread until it has ended
  std::jthread thread_;
};

}  // namespace postrider::bench
