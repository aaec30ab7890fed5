// The backlog as the metrics tell it: pending deliveries by why they wait.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "domain/waiting.h"
#include "store/records.h"

namespace postrider {

struct BacklogSample {
  std::array<std::int64_t, kWaitingForCount> counts{};  ///< by WaitingFor
  std::optional<WallTime> oldest_due_at;                ///< of those that could be sent now

  [[nodiscard]] std::int64_t count(WaitingFor reason) const {
    return counts[static_cast<std::size_t>(reason)];
  }
};

/// Sums up the backlog of endpoints. Why the due deliveries of an endpoint wait is decided once for
/// all of them, by waiting_of().
[[nodiscard]] BacklogSample sample_backlog(
    std::span<const Backlog> endpoints,
    const std::function<Backpressure(EndpointId)>& backpressure_of,
    WallTime now
);

}  // namespace postrider
