// The thread that keeps this node's part in the work of those that share its database.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/lease.h"

namespace postrider {

/// Renews a lease several times in its duration, gives back what is more than the node's share, and
/// keeps the node's clock at the database's. Thread-safe but for start() and stop(), which belong
/// to the owner.
class LeaseKeeper {
 public:
  /// All on the keeper's thread; none may wait for the database.
  struct Listener {
    /// The node may send until then: others may take its work over soon afterwards.
    std::function<void(MonoTime)> may_send_until;
    /// Those partitions are the node's own, and it shall send for them. With every renewal.
    std::function<void(const Partitions&)> owned;
    /// Those are too, and it shall abandon them. With every renewal until given_back().
    std::function<void(const Partitions&)> surplus;
    /// Another node has removed this one. Once.
    std::function<void()> lost;
  };

  /// `clock` outlives it.
  LeaseKeeper(std::unique_ptr<Lease> lease, AdjustedClock& clock);
  ~LeaseKeeper() { stop(); }
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  /// Idempotent.
  void start(Listener listener);
  /// The node abandons all that it has. Idempotent.
  void begin_leaving();
  /// Nothing is in flight any more for those, which were surplus: others get them.
  void give_back(const Partitions& partitions);
  /// Ends the thread and the membership: nothing of this node writes any more. Idempotent.
  void stop();

 private:
  /// What the thread finds when it wakes up.
  struct Orders {
    Membership membership = Membership::kWorking;
    Partitions given_back;
  };

  void run() noexcept;
  /// False when there is nothing left to keep.
  [[nodiscard]] bool renew(const Orders& orders);
  [[nodiscard]] Status give_back_idle(const Partitions& idle);
  void follow_clock(WallTime database_time, WallTime before, WallTime after);
  void divide(const Share& share);
  /// Says so once until it works again.
  void note(const Status& status);

  AdjustedClock& clock_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;
  Orders orders_ POSTRIDER_GUARDED_BY(mutex_);
  bool has_news_ POSTRIDER_GUARDED_BY(mutex_) = false;

  // Owned by the thread while it runs.
  const std::unique_ptr<Lease> lease_;
  Listener listener_;
  Partitions surplus_;  // being abandoned
  bool failed_ = false;

  std::jthread thread_;
};

}  // namespace postrider
