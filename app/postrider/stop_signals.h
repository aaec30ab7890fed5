// SIGINT and SIGTERM as something to wait for.
#pragma once

namespace postrider::cli {

/// Made before any thread, so that all of them leave the signals to wait().
class StopSignals {
 public:
  enum class Reason { kAsked, kInterrupted };

  StopSignals();

  /// Returns when the process is asked to stop, or interrupt() was called.
  [[nodiscard]] Reason wait() const;

  /// Ends wait() from any thread of this process, as if it was asked to stop.
  static void raise();
  /// Ends wait() from any thread of this process, now or the next one.
  static void interrupt();
};

}  // namespace postrider::cli
