// How long an endpoint that throttles gets no requests.
#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.h"

namespace postrider {

/// Pauses an endpoint: until Retry-After, or without it for 1 s, which doubles up to 60 s with each
/// such pause. Begun by a response that throttles or has a Retry-After, and by jq programs that
/// cannot be run.
class ThrottleBackoff {
 public:
  static constexpr Millis kDelayInitial{1000};
  static constexpr Millis kDelayMax{60'000};

  /// Responses to requests that were in flight together count once: during a pause the delay does
  /// not grow, and only a later Retry-After extends the pause.
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

  /// A response that does not throttle resets the delay. A pause in progress is kept.
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
