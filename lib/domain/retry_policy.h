// When the next attempt is due.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"

namespace postrider {

/// Waits after failed attempts. Attempts in all: 1 + the number of delays (schedule), or
/// attempts_max (exponential).
struct RetryPolicy {
  enum class Kind { kSchedule, kExponential };

  Kind kind = Kind::kSchedule;
  std::vector<Millis> delays;  ///< schedule: the wait after the 1st, 2nd, … failed attempt
  Millis initial{5000};        ///< exponential from here on
  double factor = 3.0;
  Millis delay_max{86'400'000};
  int attempts_max = 10;
  double jitter = 0.2;  ///< 0 to 1: each delay is drawn from delay × (1 ± jitter)

  bool operator==(const RetryPolicy&) const = default;
};

/// 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, each ±20 %.
[[nodiscard]] RetryPolicy default_retry_policy();

/// How many attempts the policy makes in all.
[[nodiscard]] int attempts_in_all(const RetryPolicy& policy);

/// The wait after `failed_count` failed attempts (>= 1); nothing when the policy is exhausted.
/// `unit` in [0, 1) chooses within the jitter.
[[nodiscard]] std::optional<Millis> delay_after(
    const RetryPolicy& policy, int failed_count, double unit
);

/// The longest the policy can wait from the first attempt to the last, without jitter.
[[nodiscard]] Millis schedule_length(const RetryPolicy& policy);

}  // namespace postrider
