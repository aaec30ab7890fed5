// The retry policy: how long to wait after a failed attempt, and how often to retry.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"

namespace postrider {

/// The delays after failed attempts. The total number of attempts is 1 + the number of delays
/// (schedule), or attempts_max (exponential).
struct RetryPolicy {
  enum class Kind { kSchedule, kExponential };

  Kind kind = Kind::kSchedule;
  std::vector<Millis> delays;  ///< schedule: the wait after the 1st, 2nd, … failed attempt
  Millis initial{5000};        ///< exponential; so are the next three members
  double factor = 3.0;
  Millis delay_max{86'400'000};
  int attempts_max = 10;
  double jitter = 0.2;  ///< both kinds, 0 to 1: each delay is drawn from delay × (1 ± jitter)

  bool operator==(const RetryPolicy&) const = default;
};

/// Returns the schedule 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, each ±20 %.
[[nodiscard]] RetryPolicy default_retry_policy();

/// Returns the maximum number of attempts.
[[nodiscard]] int attempts_in_all(const RetryPolicy& policy);

/// Returns the delay after `failed_count` (>= 1) failed attempts; nullopt when no attempt is left.
/// `unit` in [0, 1) selects a value within the jitter.
[[nodiscard]] std::optional<Millis> delay_after(
    const RetryPolicy& policy, int failed_count, double unit
);

/// Returns the longest time from the first attempt to the last, without jitter.
[[nodiscard]] Millis schedule_length(const RetryPolicy& policy);

}  // namespace postrider
