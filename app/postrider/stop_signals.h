// SIGINT and SIGTERM as something to wait for.
#pragma once

namespace postrider::cli {

/// Made before any thread, so that all of them leave the signals to wait().
class StopSignals {
 public:
  StopSignals();

  /// Returns when the process is asked to stop.
  void wait() const;

  /// Ends wait() from any thread of this process.
  static void raise();
};

}  // namespace postrider::cli
