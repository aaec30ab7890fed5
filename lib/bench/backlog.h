// Measures whether the backlog of one endpoint slows down the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "bench/samples.h"
#include "bench/sink.h"
#include "bench/throughput.h"

namespace postrider::bench {

struct Backlog {
  double empty_per_second = 0;  ///< settled before there is a backlog
  /// Settled before there is a backlog, when all deliveries are for the endpoint of the backlog.
  double fresh_per_second = 0;
  double beside_per_second = 0;  ///< settled while the backlog is pending
  double memory_mb = 0;          ///< resident, while the backlog is pending
  double restart_ms = 0;         ///< until the restarted service listens again
  double first_ms = 0;           ///< from then until a new event arrives
  double drain_per_second = 0;   ///< settled once the endpoint is resumed
  double bytes_per_delivery = 0;
  // Both terms of these ratios are shares of the ceiling at the time of their measurement.
  double beside_to_empty = 0;
  double drain_to_fresh = 0;
};

/// Creates `waiting` deliveries for a paused endpoint. Measures `plan` before and with the backlog,
/// a restart, and the rate at which the backlog drains.
[[nodiscard]] Result<Backlog> measure_backlog(
    std::size_t waiting, const ThroughputPlan& plan, const Site& site, const Progress& progress
);

}  // namespace postrider::bench
