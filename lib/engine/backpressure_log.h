// Reports the endpoints that the engine may not send to for a while.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "domain/id.h"

namespace postrider {

/// Until when nothing is sent to an endpoint, on the monotonic clock.
struct LaneBackpressure {
  std::optional<MonoTime> throttled_until;
  std::optional<MonoTime> rate_limited_until;

  [[nodiscard]] bool any() const { return throttled_until || rate_limited_until; }
  bool operator==(const LaneBackpressure&) const = default;
};

/// Records the endpoints under backpressure and their changes since take_changes(). Endpoints
/// without backpressure cost nothing. Owned by the engine.
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

  /// Returns the changes in order. An endpoint whose backpressure has ended has no instant.
  [[nodiscard]] std::vector<Change> take_changes() { return std::exchange(changes_, {}); }

 private:
  std::unordered_map<std::int64_t, LaneBackpressure> known_;
  std::vector<Change> changes_;
};

}  // namespace postrider
