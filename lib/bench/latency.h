// How long an event is on its way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "bench/rig.h"
#include "bench/sink.h"

namespace postrider::bench {

struct LatencyPlan {
  double events_per_second = 500;
  std::chrono::seconds duration{10};
};

/// Milliseconds from the instant an event was due to be emitted until it arrived. A producer that
/// had to wait for its turn counts as waiting.
struct Latency {
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
  /// The same of a witness beside it, which did nothing but fdatasync: what the disk alone cost.
  double disk_p99_ms = 0;
  double disk_max_ms = 0;
};

/// On a rig of its own, at a steady rate.
[[nodiscard]] Result<Latency> measure_latency(const LatencyPlan& plan, const Site& site);

/// Healthy latency alone, and beside endpoints in trouble.
struct Isolation {
  double alone_p99_ms = 0;
  double beside_p99_ms = 0;
  double beside_disk_p99_ms = 0;  ///< of the witness, meanwhile
};

/// One endpoint gets 50 events a second; then, beside it, 50 endpoints that accept and never answer
/// are offered as many each, and so is one that refuses connections.
[[nodiscard]] Result<Isolation> measure_isolation(std::chrono::seconds duration, const Site& site);

}  // namespace postrider::bench
