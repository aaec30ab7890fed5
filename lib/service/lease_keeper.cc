#include "service/lease_keeper.h"

#include <utility>

#include "base/log.h"

namespace postrider {
namespace {

/// Renewals in the duration of a lease.
constexpr int kRenewals = 5;
/// The end of a lease, of which a node makes no use: what it has begun to send then reaches the
/// receiver before others send it.
constexpr int kMarginShare = 5;
/// How often a node that waits looks whether it is its turn, in the duration of a lease.
constexpr int kLooks = 20;

}  // namespace

LeaseKeeper::LeaseKeeper(std::unique_ptr<Lease> lease, MonoTime renewed_at, const Clock& clock)
    : clock_(clock), lease_(std::move(lease)), renewed_at_(renewed_at) {}

void LeaseKeeper::start(Listener listener) {
  if (thread_.joinable()) return;
  listener_ = std::move(listener);
  tell_send_until(renewed_at_);
  thread_ = std::jthread([this] { run(); });
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
  while (true) {
    {
      const MutexLock lock(mutex_);
      if (!stopping_) static_cast<void>(wake_.wait_for(mutex_, pause));
      if (stopping_) return;
    }
    if (!renew()) return;
  }
}

bool LeaseKeeper::renew() {
  const MonoTime before = clock_.mono_now();
  const auto renewed = lease_->renew();
  const bool lost = renewed ? !*renewed : renewed.error().code == Errc::kNotFound;
  if (lost) {
    log::error("another node has followed this one, which could not renew its lease in time");
    listener_.lost();
    return false;
  }
  if (renewed) {
    tell_send_until(before);
  } else if (!failed_) {
    log::warning("the lease cannot be renewed", {{"reason", renewed.error().context}});
  }
  failed_ = !renewed;
  return true;
}

void LeaseKeeper::tell_send_until(MonoTime renewed_at) {
  const Millis used = lease_->duration() - lease_->duration() / kMarginShare;
  listener_.may_send_until(renewed_at + used);
}

Result<std::optional<MonoTime>> wait_for_turn(
    Lease& lease, const Clock& clock, const std::function<bool(Millis)>& pause
) {
  bool said = false;
  while (true) {
    const MonoTime before = clock.mono_now();
    const auto renewed = lease.renew();
    if (renewed && *renewed) return std::optional{before};
    if (!renewed && renewed.error().code == Errc::kNotFound)
      return tl::unexpected<Error>(renewed.error());
    if (renewed && !std::exchange(said, true))
      log::info("another node serves this database; this one stands by");
    if (!pause(lease.duration() / kLooks)) return std::optional<MonoTime>{};
  }
}

}  // namespace postrider
