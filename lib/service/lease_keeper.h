// LeaseKeeper is the thread that keeps this node a member of the nodes that share a database.
#pragma once

#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "service/node_share.h"

namespace postrider {

/// Renews a lease several times in its duration; see NodeShare. All methods are thread-safe except
/// start() and stop(), which only the owner calls.
class LeaseKeeper {
 public:
  /// Called on the keeper's thread.
  using Listener = NodeShare::Listener;

  /// `clock` outlives it.
  LeaseKeeper(std::unique_ptr<Lease> lease, AdjustedClock& clock);
  ~LeaseKeeper() { stop(); }
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  /// Idempotent.
  void start(Listener listener);
  /// Makes the node release all its partitions. Idempotent.
  void begin_leaving();
  /// Releases surplus partitions for which nothing is in flight any more: other nodes may claim
  /// them.
  void give_back(const Partitions& partitions);
  /// Ends the thread and the membership. This node writes nothing after that. Idempotent.
  void stop();

 private:
  /// The requests that the thread takes when it wakes up.
  struct Orders {
    Membership membership = Membership::kWorking;
    Partitions given_back;
  };

  void run() noexcept;
  /// Returns false if the membership has ended.
  [[nodiscard]] bool renew(const Orders& orders);
  /// Logs the first failed renewal, and the next one only after a success.
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
