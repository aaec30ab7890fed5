#include "service/node_share.h"

#include <utility>

namespace postrider {
namespace {

/// The number of renewals per lease duration. A renewal also finds partitions that other nodes have
/// released or lost.
constexpr int kRenewals = 10;
/// A node does not use the last part of its lease (one fifth), so that a request that it has
/// started reaches the receiver before another node can send it.
constexpr int kMarginShare = 5;

}  // namespace

NodeShare::NodeShare(std::unique_ptr<Lease> lease, AdjustedClock& clock)
    : clock_(clock), lease_(std::move(lease)) {}

Millis NodeShare::pause() const { return lease_->duration() / kRenewals; }

Status NodeShare::renew(Membership membership) {
  const MonoTime before = clock_.mono_now();
  const WallTime wall_before = clock_.wall_now();
  const Status given_back = give_back_idle();
  const auto share = given_back ? lease_->renew(membership)
                                : Result<Share>{tl::unexpected<Error>(given_back.error())};
  if (!share) {
    if (share.error().code == Errc::kNotFound) listener_.lost();
    return tl::unexpected<Error>(share.error());
  }
  listener_.may_send_until(before + lease_->duration() - lease_->duration() / kMarginShare);
  follow_clock(share->database_time, wall_before, clock_.wall_now());
  divide(*share);
  return {};
}

Status NodeShare::give_back_idle() {
  const Partitions idle = idle_ & surplus_;
  if (idle.none()) return {};
  if (auto given_back = lease_->give_back(idle); !given_back) return given_back;
  // From now on this node may claim these partitions again like any others.
  surplus_ &= ~idle;
  idle_ &= ~idle;
  return {};
}

void NodeShare::follow_clock(WallTime database_time, WallTime before, WallTime after) {
  // The database's clock is known only to half of the round trip.
  const Millis doubt = (after - before) / 2 + Millis{1};
  const Millis ahead = database_time - (before + (after - before) / 2);
  if (std::chrono::abs(ahead) > doubt) clock_.set_offset(clock_.offset() + ahead);
}

void NodeShare::divide(const Share& share) {
  surplus_ &= share.owned;
  // Partitions are reported as owned before they are reported as surplus. A partition that was
  // released and claimed again may become surplus a second time.
  listener_.owned(share.owned & ~surplus_);
  // The partitions with the highest numbers are released first, so that the leader changes only if
  // necessary.
  std::size_t kept = (share.owned & ~surplus_).count();
  for (std::size_t i = kPartitionsCount; i-- > 0 && kept > share.fair;) {
    if (!share.owned.test(i) || surplus_.test(i)) continue;
    surplus_.set(i);
    --kept;
  }
  if (surplus_.any()) listener_.surplus(surplus_);
}

}  // namespace postrider
