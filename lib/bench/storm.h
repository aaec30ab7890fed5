// Many endpoints that fail and come back at the same moment.
#pragma once

#include <cstddef>

#include "base/error.h"
#include "bench/rig.h"
#include "bench/samples.h"

namespace postrider::bench {

struct Storm {
  double delivered_s = 0;    ///< from their return until every delivery had arrived
  double busiest_share = 0;  ///< of all arrivals, in the busiest tenth of a second
  double memory_mb = 0;      ///< resident, the most that was seen
  double descriptors = 0;    ///< likewise
};

/// One event for `endpoints` endpoints that refuse connections, until each has failed once; then
/// they answer. kInternal when a delivery is lost or comes twice.
[[nodiscard]] Result<Storm> measure_storm(
    std::size_t endpoints, const Site& site, const Progress& progress
);

}  // namespace postrider::bench
