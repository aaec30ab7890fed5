// Measures how many events per second are delivered, and the upper bound that bare libcurl reaches.
#pragma once

#include <cstddef>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "bench/rig.h"
#include "bench/sink.h"

namespace postrider::bench {

struct ThroughputPlan {
  std::size_t events = 0;
  std::size_t connections = 1;
  std::size_t events_per_request = 1;
  std::size_t data_bytes = 500;
  std::size_t copies = 1;  ///< endpoints that receive each event
  std::string type_prefix = "bench.";
};

/// Rates per second since the first request. `delivered` and `settled` count deliveries.
struct Rates {
  double accepted = 0;   ///< events answered with 202, so fsynced
  double delivered = 0;  ///< arrived at the receiver
  double settled = 0;    ///< recorded with their attempt
  double cpu_us = 0;     ///< processor time of the service for each delivery, in microseconds
  double ceiling = 0;    ///< POSTs of bare libcurl, measured right before and right after

  [[nodiscard]] double of_ceiling() const { return settled / ceiling; }
};

/// Measures on a new rig. Fails with kInternal when an event is lost or arrives twice.
[[nodiscard]] Result<Rates> measure_throughput(const ThroughputPlan& plan, const Site& site);

/// Measures on a rig that has `types` types with `plan.copies` endpoints each, and that has
/// recorded `settled_before` deliveries since it started.
[[nodiscard]] Result<Rates> measure_throughput_on(
    Rig& rig, const ThroughputPlan& plan, std::size_t types, double settled_before
);

/// Returns the POSTs per second of bare libcurl, measured for a second or less, to the sink of the
/// site on kEndpoints connections. The bodies have that size, and the headers resemble those of a
/// delivery.
[[nodiscard]] Result<double> measure_ceiling(
    std::size_t events, std::size_t data_bytes, const Site& site
);

}  // namespace postrider::bench
