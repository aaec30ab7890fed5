// Measures the time from emitting an event to its arrival.
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

/// Milliseconds from the time at which an event was due to be emitted to its arrival. The time for
/// which the producer had to wait for its turn is included.
struct Latency {
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
  /// Latencies of a disk witness that ran meanwhile and only called fdatasync.
  double disk_p99_ms = 0;
  double disk_max_ms = 0;
};

/// Measures at a steady rate, on a new rig.
[[nodiscard]] Result<Latency> measure_latency(const LatencyPlan& plan, const Site& site);

/// Latency of a healthy endpoint, alone and beside failing endpoints.
struct Isolation {
  double alone_p99_ms = 0;
  double beside_p99_ms = 0;
  double beside_disk_p99_ms = 0;  ///< of the disk witness meanwhile
};

/// Sends 50 events per second to one endpoint. Then it adds 50 endpoints that accept requests and
/// never respond, and one that refuses connections, and sends as many events to each of them.
[[nodiscard]] Result<Isolation> measure_isolation(std::chrono::seconds duration, const Site& site);

}  // namespace postrider::bench
