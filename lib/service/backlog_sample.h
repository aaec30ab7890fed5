// BacklogSample counts pending deliveries by what they wait for, for the metrics.
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
  std::optional<WallTime> oldest_due_at;                ///< of deliveries that could be sent now

  [[nodiscard]] std::int64_t count(WaitingFor reason) const {
    return counts[static_cast<std::size_t>(reason)];
  }
};

/// Sums up the backlog of endpoints. waiting_of() decides once per endpoint what its due deliveries
/// wait for.
[[nodiscard]] BacklogSample sample_backlog(
    std::span<const Backlog> endpoints,
    const std::function<Backpressure(EndpointId)>& backpressure_of,
    WallTime now
);

}  // namespace postrider
