// The requests that a dispatcher may have at once, and who may take one.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/assert.h"

namespace postrider {

/// Many endpoints in trouble must not use up what the others need. An endpoint is prompt when its
/// last request was answered at once. A quarter of the slots is for prompt ones alone; the rest
/// share three quarters, and none of them has more than is still free of these: so they leave room
/// for each other, too.
class Slots {
 public:
  explicit Slots(std::size_t max) : max_(max), doubtful_max_(max - max / 4) {}

  [[nodiscard]] bool any_free() const { return taken_ < max_; }
  [[nodiscard]] std::size_t taken() const { return taken_; }

  /// Whether an endpoint that has `in_flight` may have one more.
  [[nodiscard]] bool may_take(bool prompt, std::size_t in_flight) const {
    return any_free() && (prompt || in_flight < doubtful_free());
  }
  /// Whether an endpoint that is not prompt and has nothing in flight may begin.
  [[nodiscard]] bool any_free_for_doubtful() const { return any_free() && doubtful_free() > 0; }

  void take(bool prompt) {
    ++taken_;
    if (!prompt) ++doubtful_taken_;
  }
  void give_back(bool prompt) {
    POSTRIDER_ASSERT(taken_ > 0);
    --taken_;
    if (prompt) return;
    POSTRIDER_ASSERT(doubtful_taken_ > 0);
    --doubtful_taken_;
  }
  /// An endpoint with `in_flight` became prompt, or ceased to be.
  void reclassify(bool prompt, std::size_t in_flight) {
    if (prompt) {
      POSTRIDER_ASSERT(doubtful_taken_ >= in_flight);
      doubtful_taken_ -= in_flight;
    } else {
      doubtful_taken_ += in_flight;
    }
  }

 private:
  [[nodiscard]] std::size_t doubtful_free() const {
    return doubtful_max_ - std::min(doubtful_taken_, doubtful_max_);
  }

  std::size_t max_;
  std::size_t doubtful_max_;
  std::size_t taken_ = 0;
  std::size_t doubtful_taken_ = 0;
};

}  // namespace postrider
