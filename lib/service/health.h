// How long an endpoint has only failed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/clock.h"
#include "domain/endpoint.h"

namespace postrider {

/// An endpoint that has only failed for this long, in at least this many attempts, is disabled as
/// failing.
inline constexpr Millis kFailingDisablesAfter = std::chrono::hours{5 * 24};
inline constexpr std::int64_t kFailingAttemptsMin = 20;

struct Health {
  std::optional<WallTime> failing_since;
  std::int64_t failed_attempts_count = 0;
  std::optional<OpenCircuit> circuit{};

  bool operator==(const Health&) const = default;

  void failed(WallTime now) {
    if (!failing_since) failing_since = now;
    ++failed_attempts_count;
  }
  [[nodiscard]] bool disables(WallTime now) const {
    return failing_since && now - *failing_since >= kFailingDisablesAfter &&
           failed_attempts_count >= kFailingAttemptsMin;
  }
};

/// The endpoints that are failing, by id; those that are not have no entry. Owned by the writer's
/// thread.
using HealthBook = std::unordered_map<std::int64_t, Health>;

}  // namespace postrider
