#include "service/lease_keeper.h"

#include <utility>

#include "base/log.h"

namespace postrider {
namespace {

/// Renewals in the duration of a lease: what others give back, or leave behind, is found by them.
constexpr int kRenewals = 10;
/// The end of a lease, of which a node makes no use: what it has begun to send then reaches the
/// receiver before others send it.
constexpr int kMarginShare = 5;

}  // namespace

LeaseKeeper::LeaseKeeper(std::unique_ptr<Lease> lease, AdjustedClock& clock)
    : clock_(clock), lease_(std::move(lease)) {}

void LeaseKeeper::start(Listener listener) {
  if (thread_.joinable()) return;
  listener_ = std::move(listener);
  thread_ = std::jthread([this] { run(); });
}

void LeaseKeeper::begin_leaving() {
  {
    const MutexLock lock(mutex_);
    orders_.membership = Membership::kLeaving;
    has_news_ = true;
  }
  wake_.notify_all();
}

void LeaseKeeper::give_back(const Partitions& partitions) {
  {
    const MutexLock lock(mutex_);
    orders_.given_back |= partitions;
    has_news_ = true;
  }
  wake_.notify_all();
}

void LeaseKeeper::stop() {
  {
    const MutexLock lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  lease_->leave();
}

void LeaseKeeper::run() noexcept {
  const Millis pause = lease_->duration() / kRenewals;
  Orders orders;
  while (renew(orders)) {
    const MutexLock lock(mutex_);
    if (!stopping_ && !has_news_) static_cast<void>(wake_.wait_for(mutex_, pause));
    if (stopping_) return;
    orders = orders_;
    has_news_ = false;
  }
}

bool LeaseKeeper::renew(const Orders& orders) {
  const MonoTime before = clock_.mono_now();
  const WallTime wall_before = clock_.wall_now();
  const Status given_back = give_back_idle(orders.given_back & surplus_);
  const auto share = given_back ? lease_->renew(orders.membership)
                                : Result<Share>{tl::unexpected<Error>(given_back.error())};
  if (!share && share.error().code == Errc::kNotFound) {
    log::error("another node has followed this one, which could not renew its lease in time");
    listener_.lost();
    return false;
  }
  note(share.map([](const Share&) {}));
  if (!share) return true;
  listener_.may_send_until(before + lease_->duration() - lease_->duration() / kMarginShare);
  follow_clock(share->database_time, wall_before, clock_.wall_now());
  divide(*share);
  return true;
}

Status LeaseKeeper::give_back_idle(const Partitions& idle) {
  if (idle.none()) return {};
  if (auto given_back = lease_->give_back(idle); !given_back) return given_back;
  // From now on they are like any others: the node may even get them again.
  surplus_ &= ~idle;
  const MutexLock lock(mutex_);
  orders_.given_back &= ~idle;
  return {};
}

void LeaseKeeper::follow_clock(WallTime database_time, WallTime before, WallTime after) {
  // It is known no better than that.
  const Millis doubt = (after - before) / 2 + Millis{1};
  const Millis ahead = database_time - (before + (after - before) / 2);
  if (std::chrono::abs(ahead) > doubt) clock_.set_offset(clock_.offset() + ahead);
}

void LeaseKeeper::divide(const Share& share) {
  surplus_ &= share.owned;
  // The last ones go, so that whoever leads does not change without need.
  std::size_t kept = (share.owned & ~surplus_).count();
  for (std::size_t i = kPartitionsCount; i-- > 0 && kept > share.fair;) {
    if (!share.owned.test(i) || surplus_.test(i)) continue;
    surplus_.set(i);
    --kept;
  }
  listener_.owned(share.owned & ~surplus_);
  if (surplus_.any()) listener_.surplus(surplus_);
}

void LeaseKeeper::note(const Status& status) {
  if (!status && !failed_)
    log::warning("the lease cannot be renewed", {{"reason", status.error().context}});
  failed_ = !status;
}

}  // namespace postrider
