// NodeShare keeps this node's share of the partitions of a database, and knows until when it may
// send.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "store/lease.h"

namespace postrider {

/// Renews a lease, releases partitions beyond the node's fair share, and keeps the node's clock at
/// the database's. Has no thread: the lease keeper or the simulator drives it. Owned by one thread.
class NodeShare {
 public:
  /// renew() calls these functions. None of them may wait for the database.
  struct Listener {
    /// The node may send until this instant. Other nodes may take over its partitions soon
    /// afterwards.
    std::function<void(MonoTime)> may_send_until;
    /// The node owns these partitions and should send for them. Called with every renewal.
    std::function<void(const Partitions&)> owned;
    /// The node owns these partitions and should abandon them. Called with every renewal until
    /// give_back().
    std::function<void(const Partitions&)> surplus;
    /// Another node has removed this one. Called once.
    std::function<void()> lost;
  };

  /// `clock` outlives it.
  NodeShare(std::unique_ptr<Lease> lease, AdjustedClock& clock);

  /// Must be called before the first renewal.
  void listen(Listener listener) { listener_ = std::move(listener); }
  /// Returns how long to wait from one renewal to the next.
  [[nodiscard]] Millis pause() const;
  /// Marks surplus partitions for which nothing is in flight any more. The next renewal releases
  /// them.
  void give_back(const Partitions& partitions) { idle_ |= partitions & surplus_; }
  /// Releases marked partitions and renews the lease. Returns kNotFound if another node has removed
  /// this one: the lease cannot be renewed any more. After any other error the next call continues
  /// where this one failed.
  [[nodiscard]] Status renew(Membership membership);
  /// Ends the membership. This node writes nothing after that.
  void leave() { lease_->leave(); }

 private:
  [[nodiscard]] Status give_back_idle();
  void follow_clock(WallTime database_time, WallTime before, WallTime after);
  void divide(const Share& share);

  AdjustedClock& clock_;
  const std::unique_ptr<Lease> lease_;
  Listener listener_;
  Partitions surplus_;  // owned partitions that are being abandoned
  Partitions idle_;     // surplus partitions that can be released
};

}  // namespace postrider
