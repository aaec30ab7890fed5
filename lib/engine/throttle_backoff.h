// How long a throttling endpoint is left alone.
#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.h"

namespace postrider {

/// Holds an endpoint after 429, 502, 503 or 504: until Retry-After, or for 1 s doubling to 60 s
/// while they last.
class ThrottleBackoff {
 public:
  static constexpr Millis kDelayInitial{1000};
  static constexpr Millis kDelayMax{60'000};

  /// Several answers to requests that were in flight together count once: a hold that lasts is only
  /// prolonged.
  void begin(MonoTime now, std::optional<Millis> retry_after) {
    const bool lasting = until(now).has_value();
    const MonoTime until = now + retry_after.value_or(delay_next_);
    if (lasting) {
      if (retry_after) until_ = std::max(until_, until);
      return;
    }
    until_ = until;
    if (!retry_after) delay_next_ = std::min(delay_next_ * 2, kDelayMax);
  }

  /// An answer that is no throttle ends the doubling, and leaves a hold that lasts as it is.
  void reset() { delay_next_ = kDelayInitial; }

  [[nodiscard]] std::optional<MonoTime> until(MonoTime now) const {
    if (until_ <= now) return std::nullopt;
    return until_;
  }

 private:
  MonoTime until_{};
  Millis delay_next_ = kDelayInitial;
};

}  // namespace postrider
