// What Prometheus expects every process to tell of itself.
//
// Private to lib/metrics.
#pragma once

#include <vector>

#include <prometheus/metric_family.h>

namespace postrider {

/// The standard metrics `process_*`, read from /proc/self now. One that cannot be read is left out.
[[nodiscard]] std::vector<prometheus::MetricFamily> process_figures();

}  // namespace postrider
