// The circuit breaker of an endpoint.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "domain/endpoint.h"

namespace postrider {

/// Opens after ten failed attempts in a row. While it is open, only one request at a time is sent,
/// the probe: an ordinary attempt of one delivery. Any success closes it: the engine then drops the
/// object.
///
/// Waits use the monotonic clock; instants that are stored and shown are wall time.
class Circuit {
 public:
  static constexpr std::int64_t kFailuresMax = 10;
  static constexpr Millis kDelayInitial{5000};
  static constexpr Millis kDelayMax{300'000};
  /// The most deliveries that people may request as probes; further requests are ignored. A probe
  /// that was not sent and is put back may exceed it.
  static constexpr std::size_t kWantedMax = 16;

  Circuit() = default;
  /// Restores a stored circuit. The remaining wait is limited to the stored delay with jitter, in
  /// case the wall clock was changed.
  Circuit(
      std::int64_t failures,
      const std::optional<OpenCircuit>& stored,
      WallTime wall_now,
      MonoTime mono_now
  );

  /// An attempt of the delivery failed. `unit` in [0, 1) selects the jitter. Failures of requests
  /// that were sent before the circuit opened change nothing.
  void failed(DeliveryId delivery, WallTime wall_now, MonoTime mono_now, double unit);

  [[nodiscard]] bool is_open() const { return open_.has_value(); }
  /// The open circuit to store; nothing while it is closed.
  [[nodiscard]] const std::optional<OpenCircuit>& stored() const { return open_; }

  // The following require an open circuit.

  [[nodiscard]] bool may_probe(MonoTime now) const {
    return !probe_ && (!wanted_.empty() || probe_at_ <= now);
  }
  [[nodiscard]] bool is_probing() const { return probe_.has_value(); }
  /// When the next probe may be sent; nothing if it may be sent now, or after the one in flight is
  /// settled.
  [[nodiscard]] std::optional<MonoTime> waits_until(MonoTime now) const;
  /// The delivery is sent as the probe.
  void probe(DeliveryId delivery);
  [[nodiscard]] bool is_probe(DeliveryId delivery) const { return probe_ == delivery; }
  /// The probe was not sent: it is the next probe, if it can still be sent then.
  void put_back(DeliveryId delivery) {
    if (!is_probe(delivery)) return;
    probe_.reset();
    wanted_.push_front(delivery);
  }
  /// The settlement of the probe is committed.
  void settled(DeliveryId delivery) {
    if (probe_ == delivery) probe_.reset();
  }

  /// A person asked for this delivery: it is queued as a probe that does not wait for the probe
  /// delay. Ignored if kWantedMax are queued.
  void want(DeliveryId delivery);
  [[nodiscard]] std::optional<DeliveryId> wanted() const;
  /// The wait for the next probe is over.
  void probe_now(MonoTime now) { probe_at_ = std::min(probe_at_, now); }
  /// Removes a requested delivery that was sent or cannot be sent.
  void drop_wanted() { wanted_.pop_front(); }

 private:
  void wait(WallTime wall_now, MonoTime mono_now, double unit);

  std::int64_t failures_ = 0;
  std::optional<OpenCircuit> open_;
  MonoTime probe_at_{};
  std::optional<DeliveryId> probe_;  // in flight
  std::deque<DeliveryId> wanted_;
};

}  // namespace postrider
