// When an endpoint was sent to, so that no period sees more than its rate limit allows.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "domain/endpoint.h"

namespace postrider {

/// The requests of the last period. A log and not a bucket: a bucket that is full at the end of a
/// pause lets twice the limit through within one period. Holds 8 bytes per request, of the last
/// period alone.
class RateLog {
 public:
  explicit RateLog(const RateLimit& rate) : rate_(rate) {}

  /// What was sent counts on; an instant that the period before let go of does not come back.
  void set_limit(const RateLimit& rate) { rate_ = rate; }

  /// A request goes out. Instants never go back.
  void record(MonoTime at);

  /// How many more may be sent now.
  [[nodiscard]] std::size_t room(MonoTime now) const;
  /// When the next may be sent; nothing when it is now.
  [[nodiscard]] std::optional<MonoTime> full_until(MonoTime now) const;
  /// When all of it is older than the period; nothing when it is.
  [[nodiscard]] std::optional<MonoTime> matters_until(MonoTime now) const;
  /// The time between two requests when they are spread evenly.
  [[nodiscard]] Millis spacing() const { return rate_.period / rate_.limit; }

 private:
  RateLimit rate_;
  std::deque<MonoTime> sent_;  // oldest first
};

}  // namespace postrider
