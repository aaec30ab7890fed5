// The benchmark suite: which measurements run, in which order, and how often.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "bench/samples.h"

namespace postrider::bench {

inline constexpr std::array<std::string_view, 8> kGroups = {
    "commits", "throughput", "latency", "isolation", "backlog", "endurance", "idle", "storm"};

/// Returns the cases of the group `throughput`.
[[nodiscard]] std::vector<std::string_view> throughput_cases();

struct SuiteOptions {
  std::string directory = ".";  ///< databases are created here, so its disk is measured, too
  /// Rounds of the groups before the backlog; the others run once.
  std::size_t rounds = 3;
  std::size_t events = 40'000;      ///< events of one throughput measurement
  std::chrono::seconds steady{5};   ///< duration of one latency measurement
  std::size_t backlog = 100'000;    ///< pending deliveries; 0: not measured
  std::size_t endurance = 200'000;  ///< events of the long run; 0: not measured
  std::size_t endpoints = 10'000;   ///< endpoints of the groups `idle` and `storm`; 0: not measured
  /// The names in kGroups and throughput_cases() to measure; empty: all.
  std::vector<std::string> only;
};

/// Each round runs every measurement once, so that other load on the machine affects all of them
/// alike. Figures are in the order of their first measurement.
[[nodiscard]] Result<std::vector<Figure>> run_suite(
    const SuiteOptions& options, const Clock& clock, const Progress& progress
);

}  // namespace postrider::bench
