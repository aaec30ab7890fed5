// What waits for one endpoint must not cost the others anything.
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
  double empty_per_second = 0;   ///< settled before there was a backlog
  double fresh_per_second = 0;   ///< likewise, by the endpoint alone that it will wait for
  double beside_per_second = 0;  ///< settled while it waits
  double memory_mb = 0;          ///< resident, while it waits
  double restart_ms = 0;         ///< until the service listens again
  double first_ms = 0;           ///< from then until a new event has arrived
  double drain_per_second = 0;   ///< settled once the endpoint is resumed
  double bytes_per_delivery = 0;
  // Each side of these was taken as a share of the ceiling of its own time.
  double beside_to_empty = 0;
  double drain_to_fresh = 0;
};

/// Fills the outbox with `waiting` deliveries of a paused endpoint, and measures `plan` before and
/// beside it, a restart, and the backlog's end.
[[nodiscard]] Result<Backlog> measure_backlog(
    std::size_t waiting, const ThroughputPlan& plan, const Site& site, const Progress& progress
);

}  // namespace postrider::bench
