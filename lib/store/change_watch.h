// Notices that somebody else wrote to the database.
#pragma once

#include "base/clock.h"
#include "base/error.h"

namespace postrider {

/// Owned by the thread that waits, but for wake().
class ChangeWatch {
 public:
  ChangeWatch() = default;
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;
  virtual ~ChangeWatch() = default;

  /// Waits for a write, a wake() or the timeout; what happened since the last wait counts. May wake
  /// for no reason. False when the timeout came first.
  virtual bool wait(Millis timeout) = 0;
  /// Ends a wait, now or the next one. Thread-safe.
  virtual void wake() noexcept = 0;
};

/// Moves committed pages from the log into the database, apart from the writer.
class Checkpointer {
 public:
  Checkpointer() = default;
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;
  virtual ~Checkpointer() = default;

  /// As far as readers let it; never blocks the writer.
  [[nodiscard]] virtual Status checkpoint() = 0;
};

}  // namespace postrider
