// What a service costs that has nothing to do.
#pragma once

#include <cstddef>

#include "base/clock.h"
#include "base/error.h"
#include "bench/rig.h"

namespace postrider::bench {

struct Idle {
  double core_percent = 0;  ///< processor time, of one core
  double memory_mb = 0;     ///< resident
};

/// With `endpoints` registered endpoints, all of which have been delivered to once.
[[nodiscard]] Result<Idle> measure_idle(
    std::size_t endpoints, std::chrono::seconds duration, const Site& site
);

}  // namespace postrider::bench
