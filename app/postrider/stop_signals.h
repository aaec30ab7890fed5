// Waits for SIGINT and SIGTERM.
#pragma once

namespace postrider::cli {

/// Must be made before any thread, so that all threads block the signals and only wait() receives
/// them.
class StopSignals {
 public:
  enum class Reason { kAsked, kInterrupted };

  StopSignals();

  /// Returns when the process is asked to stop, or when interrupt() was called.
  [[nodiscard]] Reason wait() const;

  /// Ends wait() as if the process was asked to stop. May be called from any thread of the process.
  static void raise();
  /// Ends the current wait(), or the next one. May be called from any thread of the process.
  static void interrupt();
};

}  // namespace postrider::cli
