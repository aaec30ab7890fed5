// Health tracks since when all attempts of an endpoint have failed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/clock.h"
#include "domain/endpoint.h"

namespace postrider {

/// An endpoint whose attempts have all failed for this long, and at least this many of them, is
/// disabled with the reason `failing`.
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

/// The health of failing endpoints by their id; other endpoints have no entry. Owned by the
/// writer's thread.
using HealthBook = std::unordered_map<std::int64_t, Health>;

}  // namespace postrider
