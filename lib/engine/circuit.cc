#include "engine/circuit.h"

#include <algorithm>
#include <cmath>

namespace postrider {
namespace {

constexpr double kJitter = 0.2;

Millis scaled(Millis delay, double by) {
  return Millis{std::llround(static_cast<double>(delay.count()) * by)};
}

}  // namespace

Circuit::Circuit(
    std::int64_t failures,
    const std::optional<OpenCircuit>& stored,
    WallTime wall_now,
    MonoTime mono_now
)
    : failures_(failures), open_(stored) {
  if (!open_) return;
  const Millis wait_max = scaled(open_->probe_delay, 1.0 + kJitter);
  probe_at_ = mono_now + std::clamp(Millis{open_->next_probe_at - wall_now}, Millis{0}, wait_max);
}

void Circuit::failed(DeliveryId delivery, WallTime wall_now, MonoTime mono_now, double unit) {
  ++failures_;
  if (open_) {
    if (probe_ != delivery) return;
    open_->probe_delay = std::min(open_->probe_delay * 2, kDelayMax);
  } else {
    if (failures_ < kFailuresMax) return;
    open_ = OpenCircuit{wall_now, {}, kDelayInitial};
  }
  wait(wall_now, mono_now, unit);
}

void Circuit::wait(WallTime wall_now, MonoTime mono_now, double unit) {
  const Millis wait = scaled(open_->probe_delay, 1.0 + kJitter * (2.0 * unit - 1.0));
  open_->next_probe_at = wall_now + wait;
  probe_at_ = mono_now + wait;
}

std::optional<MonoTime> Circuit::waits_until(MonoTime now) const {
  if (probe_ || may_probe(now)) return std::nullopt;
  return probe_at_;
}

void Circuit::probe(DeliveryId delivery) {
  probe_ = delivery;
  if (wanted() == delivery) drop_wanted();
}

void Circuit::want(DeliveryId delivery) {
  const bool known = std::find(wanted_.begin(), wanted_.end(), delivery) != wanted_.end();
  if (!known && wanted_.size() < kWantedMax) wanted_.push_back(delivery);
}

std::optional<DeliveryId> Circuit::wanted() const {
  if (wanted_.empty()) return std::nullopt;
  return wanted_.front();
}

}  // namespace postrider
