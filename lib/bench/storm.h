// Measures many endpoints that fail and recover at one moment.
#pragma once

#include <cstddef>

#include "base/error.h"
#include "bench/rig.h"
#include "bench/samples.h"

namespace postrider::bench {

struct Storm {
  double delivered_s = 0;    ///< from the recovery until every delivery has arrived
  double busiest_share = 0;  ///< share of all arrivals in the busiest tenth of a second
  double memory_mb = 0;      ///< largest resident memory
  double descriptors = 0;    ///< largest number of open file descriptors
};

/// Sends one event to `endpoints` endpoints that refuse connections. They recover when each has
/// failed once. Fails with kInternal when a delivery is lost or arrives twice.
[[nodiscard]] Result<Storm> measure_storm(
    std::size_t endpoints, const Site& site, const Progress& progress
);

}  // namespace postrider::bench
