// Limits how many requests a dispatcher has in flight, with a reserve for fast endpoints.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/assert.h"

namespace postrider {

/// Keeps endpoints that hang from using up all slots. An endpoint is fast if its last attempt was
/// prepared and got a response within a second. Fast endpoints may use every slot, slow endpoints
/// together at most three quarters. A slow endpoint gets another slot only while it has fewer in
/// flight than slow slots are free, so slow endpoints leave room for each other, too.
class ConcurrencyLimiter {
 public:
  explicit ConcurrencyLimiter(std::size_t max) : max_(max), slow_max_(max - max / 4) {}

  [[nodiscard]] bool any_free() const { return taken_ < max_; }
  [[nodiscard]] std::size_t taken() const { return taken_; }

  /// Whether an endpoint with `in_flight` requests may have one more.
  [[nodiscard]] bool may_acquire(bool fast, std::size_t in_flight) const {
    return any_free() && (fast || in_flight < slow_free());
  }
  /// Whether a slow endpoint without a request in flight may have one.
  [[nodiscard]] bool any_free_for_slow() const { return any_free() && slow_free() > 0; }

  void acquire(bool fast) {
    ++taken_;
    if (!fast) ++slow_taken_;
  }
  void release(bool fast) {
    POSTRIDER_ASSERT(taken_ > 0);
    --taken_;
    if (fast) return;
    POSTRIDER_ASSERT(slow_taken_ > 0);
    --slow_taken_;
  }
  /// An endpoint with `in_flight` requests became fast, or slow.
  void reclassify(bool fast, std::size_t in_flight) {
    if (fast) {
      POSTRIDER_ASSERT(slow_taken_ >= in_flight);
      slow_taken_ -= in_flight;
    } else {
      slow_taken_ += in_flight;
    }
  }

 private:
  [[nodiscard]] std::size_t slow_free() const {
    return slow_max_ - std::min(slow_taken_, slow_max_);
  }

  std::size_t max_;
  std::size_t slow_max_;
  std::size_t taken_ = 0;
  std::size_t slow_taken_ = 0;
};

}  // namespace postrider
