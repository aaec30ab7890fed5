// What repeated measurements say.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace postrider::bench {

/// The value below which `share` (0 to 1) of the samples lie; 0 when there are none.
[[nodiscard]] double quantile(std::vector<double> samples, double share);
[[nodiscard]] inline double median(std::vector<double> samples) {
  return quantile(std::move(samples), 0.5);
}

/// The samples as milliseconds.
[[nodiscard]] std::vector<double> to_ms(const std::vector<std::int64_t>& microseconds);

[[nodiscard]] constexpr double to_mib(std::int64_t bytes) {
  return static_cast<double>(bytes) / (1024.0 * 1024.0);
}

/// Told what is being measured, for people who wait.
using Progress = std::function<void(const std::string& doing)>;

/// One line of the benchmark's table.
struct Figure {
  std::string group;  ///< what is measured, for example "throughput"
  std::string name;
  std::string unit;
  std::vector<double> samples;   ///< one of each round
  std::vector<double> ratios{};  ///< to what it is compared with in the same round, if anything
};

}  // namespace postrider::bench
