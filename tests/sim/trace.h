// Records the latest steps of a run for the failure report.
#pragma once

#include <cstdint>
#include <deque>
#include <ostream>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "tests/sim/sim_clock.h"

namespace postrider::sim {

/// A broken promise. Ends the run.
struct Violation {
  std::string what;
  std::int64_t delivery = 0;  ///< 0 when it concerns none
  std::int64_t endpoint = 0;
};

class Trace {
 public:
  explicit Trace(const SimClock& clock) : clock_(clock) {}

  /// `delivery` and `endpoint`: 0 when the line concerns everybody.
  void note(std::int64_t delivery, std::int64_t endpoint, std::string text) {
    lines_.push_back({step, clock_.wall_now(), delivery, endpoint, std::move(text)});
    if (lines_.size() > kLinesMax) lines_.pop_front();
  }
  void note(std::string text) { note(0, 0, std::move(text)); }

  /// The last lines that concern the violation's delivery or endpoint.
  void print(std::ostream& out, const Violation& about) const {
    std::deque<std::string> chosen;
    for (const auto& line : lines_) {
      const bool all = about.what.empty();
      const bool everybody = line.delivery == 0 && line.endpoint == 0;
      const bool its_delivery = about.delivery != 0 && line.delivery == about.delivery;
      const bool its_endpoint =
          about.endpoint != 0 && line.endpoint == about.endpoint && line.delivery == 0;
      if (!everybody && !its_delivery && !its_endpoint && !all) continue;
      // Commands of others say little.
      const bool is_command = line.text.starts_with("commit ");
      if (is_command && !all && !names(line.text, about.delivery) &&
          !names(line.text, about.endpoint))
        continue;
      chosen.push_back(
          fmt::format("  step {:5} {} {}\n", line.step, to_rfc3339(line.wall), line.text)
      );
      if (!all && chosen.size() > kPrintedMax) chosen.pop_front();
    }
    for (const auto& line : chosen) out << line;
  }

  int step = 0;

 private:
  [[nodiscard]] static bool names(const std::string& text, std::int64_t id) {
    return id != 0 && text.find(std::to_string(id)) != std::string::npos;
  }

  static constexpr std::size_t kLinesMax = 20'000;
  static constexpr std::size_t kPrintedMax = 80;

  struct Line {
    int step;
    WallTime wall;
    std::int64_t delivery;
    std::int64_t endpoint;
    std::string text;
  };

  const SimClock& clock_;
  std::deque<Line> lines_;
};

}  // namespace postrider::sim
