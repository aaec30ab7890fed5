// Evaluates repeated measurements.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace postrider::bench {

/// Returns the value below which `share` (0 to 1) of the samples lie; 0 when there are none.
[[nodiscard]] double quantile(std::vector<double> samples, double share);
[[nodiscard]] inline double median(std::vector<double> samples) {
  return quantile(std::move(samples), 0.5);
}

/// Converts the samples to milliseconds.
[[nodiscard]] std::vector<double> to_ms(const std::vector<std::int64_t>& microseconds);

[[nodiscard]] constexpr double to_mib(std::int64_t bytes) {
  return static_cast<double>(bytes) / (1024.0 * 1024.0);
}

/// Called with the name of the current measurement, to show progress.
using Progress = std::function<void(const std::string& doing)>;

/// One line of the benchmark's table.
struct Figure {
  std::string group;  ///< group of measurements, for example "throughput"
  std::string name;
  std::string unit;
  std::vector<double> samples;  ///< one per round
  /// The ratio of each sample to its reference value in its round; empty if there is none.
  std::vector<double> ratios{};
};

}  // namespace postrider::bench
