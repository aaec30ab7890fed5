// What the engine reports of endpoints that it may not send to for a while.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "domain/id.h"

namespace postrider {

/// Until when nothing is sent to an endpoint, by the engine's clock.
struct LaneBackpressure {
  std::optional<MonoTime> throttled_until;
  std::optional<MonoTime> rate_limited_until;

  [[nodiscard]] bool any() const { return throttled_until || rate_limited_until; }
  bool operator==(const LaneBackpressure&) const = default;
};

/// The endpoints under backpressure, and what changed of them since the changes were last taken.
/// Costs nothing for endpoints without. Owned by the engine.
class BackpressureLog {
 public:
  using Change = std::pair<EndpointId, LaneBackpressure>;

  void set(EndpointId id, const LaneBackpressure& now) {
    if (!now.any() && known_.empty()) return;
    const auto found = known_.find(id.value);
    if (found == known_.end()) {
      if (!now.any()) return;
      known_.emplace(id.value, now);
    } else if (found->second == now) {
      return;
    } else if (now.any()) {
      found->second = now;
    } else {
      known_.erase(found);
    }
    changes_.emplace_back(id, now);
  }

  /// In order; an endpoint without backpressure has no instant.
  [[nodiscard]] std::vector<Change> take_changes() { return std::exchange(changes_, {}); }

 private:
  std::unordered_map<std::int64_t, LaneBackpressure> known_;
  std::vector<Change> changes_;
};

}  // namespace postrider
