// When an endpoint that only fails is tried again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "domain/endpoint.h"

namespace postrider {

/// Opens after ten failed attempts in a row. While it is open one request at a time goes out, a
/// probe: an ordinary attempt of one delivery. Any success closes it: whoever owns it lets it go.
///
/// Waits run on the monotonic clock; what is stored and shown is wall time.
class Circuit {
 public:
  static constexpr std::int64_t kFailuresMax = 10;
  static constexpr Millis kDelayInitial{5000};
  static constexpr Millis kDelayMax{300'000};
  /// Deliveries that people asked for and that wait for their turn as probes. Who asks for more
  /// waits like the rest.
  static constexpr std::size_t kWantedMax = 16;

  Circuit() = default;
  /// As a process before left it. A wait is never longer than it can have been, whatever was made
  /// of the wall clock.
  Circuit(
      std::int64_t failures,
      const std::optional<OpenCircuit>& stored,
      WallTime wall_now,
      MonoTime mono_now
  );

  /// An attempt of the delivery failed. `unit` in [0, 1) chooses within the jitter. Requests that
  /// went out before the circuit opened change nothing any more when they fail.
  void failed(DeliveryId delivery, WallTime wall_now, MonoTime mono_now, double unit);

  [[nodiscard]] bool is_open() const { return open_.has_value(); }
  /// What has to be stored; nothing while it is closed.
  [[nodiscard]] const std::optional<OpenCircuit>& stored() const { return open_; }

  // While it is open.

  [[nodiscard]] bool may_probe(MonoTime now) const {
    return !probe_ && (!wanted_.empty() || probe_at_ <= now);
  }
  [[nodiscard]] bool is_probing() const { return probe_.has_value(); }
  /// When the next probe may go out; nothing when it may now, or once the one in flight is settled.
  [[nodiscard]] std::optional<MonoTime> waits_until(MonoTime now) const;
  /// The delivery goes out as a probe.
  void probe(DeliveryId delivery);
  [[nodiscard]] bool is_probe(DeliveryId delivery) const { return probe_ == delivery; }
  /// It did not go out after all: it is the next probe, if it still can be.
  void put_back(DeliveryId delivery) {
    if (!is_probe(delivery)) return;
    probe_.reset();
    wanted_.push_front(delivery);
  }
  /// Its settlement is committed.
  void settled(DeliveryId delivery) {
    if (probe_ == delivery) probe_.reset();
  }

  /// A person asks for this delivery: it is the next probe, and does not wait for it.
  void want(DeliveryId delivery);
  [[nodiscard]] std::optional<DeliveryId> wanted() const;
  /// The wait for the next probe is over.
  void probe_now(MonoTime now) { probe_at_ = std::min(probe_at_, now); }
  /// It cannot be sent, or was.
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
