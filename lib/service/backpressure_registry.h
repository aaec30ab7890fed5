// BackpressureRegistry shows other threads which endpoints are throttled or at their rate limit.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>

#include "base/clock.h"
#include "base/mutex.h"
#include "domain/waiting.h"
#include "engine/backpressure_log.h"

namespace postrider {

/// Contains what the engine of this process reported last: only endpoints that are throttled or at
/// their rate limit. Thread-safe.
class BackpressureRegistry {
 public:
  void apply(std::span<const BackpressureLog::Change> changes) {
    const MutexLock lock(mutex_);
    for (const auto& [id, backpressure] : changes) {
      if (backpressure.any()) {
        endpoints_.insert_or_assign(id.value, backpressure);
      } else {
        endpoints_.erase(id.value);
      }
    }
  }

  /// Returns the instants in wall time. They may have passed if the engine has not run since.
  [[nodiscard]] Backpressure find(EndpointId id, const Clock& clock) const {
    LaneBackpressure found;
    {
      const MutexLock lock(mutex_);
      const auto known = endpoints_.find(id.value);
      if (known == endpoints_.end()) return {};
      found = known->second;
    }
    const WallTime wall_now = clock.wall_now();
    const MonoTime mono_now = clock.mono_now();
    const auto wall = [&](const std::optional<MonoTime>& at) -> std::optional<WallTime> {
      if (!at) return std::nullopt;
      return wall_now + std::chrono::ceil<Millis>(*at - mono_now);
    };
    return {wall(found.throttled_until), wall(found.rate_limited_until)};
  }

 private:
  mutable Mutex mutex_;
  std::unordered_map<std::int64_t, LaneBackpressure> endpoints_ POSTRIDER_GUARDED_BY(mutex_);
};

}  // namespace postrider
