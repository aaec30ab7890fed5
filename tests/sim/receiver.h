// How a subscriber behaves.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/prng.h"
#include "domain/outcome.h"

namespace postrider::sim {

enum class Mode : std::uint8_t {
  kHealthy,
  kFlaky,
  kFailing,
  kThrottling,
  kStalling,
  kRefusing,
  kGarbage,
  kGone,
};
inline constexpr std::size_t kModeCount = 8;

struct Answer {
  Response response;
  Millis after{0};
  /// What the receiver itself believes: it may have taken the message although its answer never
  /// arrives.
  bool arrives = true;
};

/// Draws an answer to a request with this time-out. `wall` is what dates are made from.
[[nodiscard]] Answer draw_answer(Prng& prng, Mode mode, Millis timeout, WallTime wall);

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
[[nodiscard]] std::string http_date(WallTime time);

}  // namespace postrider::sim
