#include "service/lease_keeper.h"

#include <utility>

#include "base/log.h"

namespace postrider {

LeaseKeeper::LeaseKeeper(std::unique_ptr<Lease> lease, AdjustedClock& clock)
    : share_(std::move(lease), clock) {}

void LeaseKeeper::start(Listener listener) {
  if (thread_.joinable()) return;
  share_.listen(std::move(listener));
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
  share_.leave();
}

void LeaseKeeper::run() noexcept {
  Orders orders;
  while (renew(orders)) {
    const MutexLock lock(mutex_);
    if (!stopping_ && !has_news_) static_cast<void>(wake_.wait_for(mutex_, share_.pause()));
    if (stopping_) return;
    orders = {orders_.membership, std::exchange(orders_.given_back, {})};
    has_news_ = false;
  }
}

bool LeaseKeeper::renew(const Orders& orders) {
  share_.give_back(orders.given_back);
  const Status renewed = share_.renew(orders.membership);
  if (!renewed && renewed.error().code == Errc::kNotFound) {
    log::error("lease expired: another node has taken over this node's partitions");
    return false;
  }
  note(renewed);
  return true;
}

void LeaseKeeper::note(const Status& status) {
  if (!status && !failed_)
    log::warning("cannot renew the lease", {{"reason", status.error().context}});
  failed_ = !status;
}

}  // namespace postrider
