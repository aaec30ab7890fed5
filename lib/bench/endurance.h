// Measures whether a service is as fast after an hour's work as at its beginning.
#pragma once

#include <cstddef>

#include "base/error.h"
#include "bench/rig.h"
#include "bench/samples.h"

namespace postrider::bench {

struct Endurance {
  double first_per_second = 0;  ///< settled, for the first tenth of the events
  double last_per_second = 0;   ///< settled, for the last tenth
  double last_to_first = 0;     ///< both as shares of the ceiling at their time
  double slow_commits = 0;      ///< number of commits that took longer than 250 ms
  double log_mb = 0;            ///< largest size of the log
  double database_mb_half = 0;  ///< after half of the events
  double database_mb = 0;       ///< at the end
  double memory_mb_first = 0;   ///< resident, after the first tenth
  double memory_mb = 0;         ///< at the end
};

/// Emits `events` in ten parts, each as fast as the service accepts them. Meanwhile retention
/// removes events that were finished a minute before.
[[nodiscard]] Result<Endurance> measure_endurance(
    std::size_t events, const Site& site, const Progress& progress
);

}  // namespace postrider::bench
