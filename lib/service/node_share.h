// What a node has of the work of those that share its database, and for how long.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "store/lease.h"

namespace postrider {

/// Renews a lease, gives back what is more than the node's share, and keeps the node's clock at the
/// database's. Free of threads: the lease keeper drives it, and so does the simulator. Owned by one
/// thread.
class NodeShare {
 public:
  /// All while renew() runs; none may wait for the database.
  struct Listener {
    /// The node may send until then: others may take its work over soon afterwards.
    std::function<void(MonoTime)> may_send_until;
    /// Those partitions are the node's own, and it shall send for them. With every renewal.
    std::function<void(const Partitions&)> owned;
    /// Those are too, and it shall abandon them. With every renewal until give_back().
    std::function<void(const Partitions&)> surplus;
    /// Another node has removed this one. Once.
    std::function<void()> lost;
  };

  /// `clock` outlives it.
  NodeShare(std::unique_ptr<Lease> lease, AdjustedClock& clock);

  /// Before the first renewal.
  void listen(Listener listener) { listener_ = std::move(listener); }
  /// How long to wait from one renewal to the next.
  [[nodiscard]] Millis pause() const;
  /// Nothing is in flight any more for those, which were surplus: the next renewal gives them back.
  void give_back(const Partitions& partitions) { idle_ |= partitions & surplus_; }
  /// kNotFound: another node has removed this one, and there is nothing left to renew. After any
  /// other error the next call goes on where this one ended.
  [[nodiscard]] Status renew(Membership membership);
  /// Ends the membership: nothing of this node writes any more.
  void leave() { lease_->leave(); }

 private:
  [[nodiscard]] Status give_back_idle();
  void follow_clock(WallTime database_time, WallTime before, WallTime after);
  void divide(const Share& share);

  AdjustedClock& clock_;
  const std::unique_ptr<Lease> lease_;
  Listener listener_;
  Partitions surplus_;  // being abandoned
  Partitions idle_;     // of those, what can be given back
};

}  // namespace postrider
