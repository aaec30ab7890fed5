// Measures the cost of an idle service.
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

/// Measures with `endpoints` registered endpoints, each of which has received one delivery.
[[nodiscard]] Result<Idle> measure_idle(
    std::size_t endpoints, std::chrono::seconds duration, const Site& site
);

}  // namespace postrider::bench
