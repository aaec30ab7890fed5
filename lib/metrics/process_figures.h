// process_figures() returns the metrics that Prometheus expects of every process. Private to
// lib/metrics.
#pragma once

#include <vector>

#include <prometheus/metric_family.h>

namespace postrider {

/// Reads the standard metrics `process_*` from /proc/self now. Leaves out those that cannot be
/// read.
[[nodiscard]] std::vector<prometheus::MetricFamily> process_figures();

}  // namespace postrider
