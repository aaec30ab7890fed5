// Interfaces that wait for commits to the database and checkpoint its log.
#pragma once

#include "base/clock.h"
#include "base/error.h"

namespace postrider {

/// Waits for commits to the database. Owned by the thread that waits, except for wake().
class ChangeWatch {
 public:
  ChangeWatch() = default;
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;
  virtual ~ChangeWatch() = default;

  /// Waits for a commit, a wake() or the timeout. Returns at once if one of the first two has
  /// happened since the last wait. Returns false after the timeout. May return true for no reason.
  virtual bool wait(Millis timeout) = 0;
  /// Ends the current wait or the next one. Thread-safe.
  virtual void wake() noexcept = 0;
};

/// Moves committed pages from the log into the database, on another connection than the writer.
class Checkpointer {
 public:
  Checkpointer() = default;
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;
  virtual ~Checkpointer() = default;

  /// Moves as many pages as the snapshots of readers allow. Never blocks the writer.
  [[nodiscard]] virtual Status checkpoint() = 0;
};

}  // namespace postrider
