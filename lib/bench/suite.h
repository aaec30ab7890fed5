// The whole benchmark: what is measured, in which order, how often.
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

/// What the group `throughput` measures.
[[nodiscard]] std::vector<std::string_view> throughput_cases();

struct SuiteOptions {
  std::string directory = ".";      ///< databases are made here: its disk is measured, too
  std::size_t rounds = 3;           ///< of what comes before the backlog
  std::size_t events = 40'000;      ///< of one measurement of throughput
  std::chrono::seconds steady{5};   ///< of one measurement of latency
  std::size_t backlog = 100'000;    ///< deliveries that wait; 0: not measured
  std::size_t endurance = 200'000;  ///< events of the long run; 0: not measured
  std::size_t endpoints = 10'000;   ///< that idle, and that fail at once; 0: not measured
  /// Of kGroups and throughput_cases(), those to measure; empty: all.
  std::vector<std::string> only;
};

/// Rounds are interleaved: each measures everything once, so that what else the machine does hits
/// all alike. Figures in the order of their first measurement.
[[nodiscard]] Result<std::vector<Figure>> run_suite(
    const SuiteOptions& options, const Clock& clock, const Progress& progress
);

}  // namespace postrider::bench
