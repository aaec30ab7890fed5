// The thread that keeps this node's part in the work of those that share its database.
#pragma once

#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "service/node_share.h"

namespace postrider {

/// Renews a lease several times in its duration; see NodeShare. Thread-safe but for start() and
/// stop(), which belong to the owner.
class LeaseKeeper {
 public:
  /// Told on the keeper's thread.
  using Listener = NodeShare::Listener;

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
  /// Says so once until it works again.
  void note(const Status& status);

  Mutex mutex_;
  CondVar wake_;
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;
  Orders orders_ POSTRIDER_GUARDED_BY(mutex_);
  bool has_news_ POSTRIDER_GUARDED_BY(mutex_) = false;

  // Owned by the thread while it runs.
  NodeShare share_;
  bool failed_ = false;

  std::jthread thread_;
};

}  // namespace postrider
