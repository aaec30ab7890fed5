// The thread that keeps this node's place among those of its database.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/lease.h"

namespace postrider {

/// Renews a lease several times in its duration. Owned by one thread.
class LeaseKeeper {
 public:
  struct Listener {
    /// The node may send until then: others may take its work over soon afterwards. On the keeper's
    /// thread, and once from start().
    std::function<void(MonoTime)> may_send_until;
    /// Another node has taken this one's place. Once, on the keeper's thread.
    std::function<void()> lost;
  };

  /// `renewed_at`: before the renewal that said that it is this node's turn. `clock` outlives it.
  LeaseKeeper(std::unique_ptr<Lease> lease, MonoTime renewed_at, const Clock& clock);
  ~LeaseKeeper() { stop(); }
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  /// Idempotent.
  void start(Listener listener);
  /// Ends the thread and leaves: nothing of this node writes any more. Idempotent.
  void stop();

 private:
  void run() noexcept;
  /// False when there is nothing left to keep.
  [[nodiscard]] bool renew();
  void tell_send_until(MonoTime renewed_at);

  const Clock& clock_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;

  // Owned by the thread while it runs.
  const std::unique_ptr<Lease> lease_;
  MonoTime renewed_at_;
  Listener listener_;
  bool failed_ = false;

  std::jthread thread_;
};

/// Waits for the node's turn, also for a database that cannot be reached. `pause` waits for the
/// time given and returns false when the wait is to end. Returns an instant before the renewal that
/// said so, or nothing when it was to end. kNotFound as for Lease::renew().
[[nodiscard]] Result<std::optional<MonoTime>> wait_for_turn(
    Lease& lease, const Clock& clock, const std::function<bool(Millis)>& pause
);

}  // namespace postrider
