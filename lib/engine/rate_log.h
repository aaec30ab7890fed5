// The instants of recent requests to an endpoint, so that no period exceeds its rate limit.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "domain/endpoint.h"

namespace postrider {

/// The requests of the last period. It is a log because a token bucket that is full after a pause
/// allows twice the limit within one period. Uses 8 bytes per request of the last period.
class RateLog {
 public:
  explicit RateLog(const RateLimit& rate) : rate_(rate) {}

  /// Recorded requests keep counting. Requests that an earlier, shorter period has dropped are
  /// lost.
  void set_limit(const RateLimit& rate) { rate_ = rate; }

  /// Records a request. An instant before the last one counts as the last one.
  void record(MonoTime at);

  /// How many more requests may be sent now.
  [[nodiscard]] std::size_t room(MonoTime now) const;
  /// When the next request may be sent; nothing if it may be sent now.
  [[nodiscard]] std::optional<MonoTime> full_until(MonoTime now) const;
  /// When every recorded request is older than the period; nothing if all are.
  [[nodiscard]] std::optional<MonoTime> matters_until(MonoTime now) const;
  /// The time between two requests that are spread evenly over the period.
  [[nodiscard]] Millis spacing() const { return rate_.period / rate_.limit; }

 private:
  RateLimit rate_;
  std::deque<MonoTime> sent_;  // oldest first
};

}  // namespace postrider
