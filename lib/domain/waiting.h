// The reason why a pending delivery has not been sent yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "domain/endpoint.h"

namespace postrider {

/// The `waiting_for` of a pending delivery as the API shows it.
enum class WaitingFor : std::uint8_t {
  kDue,        ///< no reason: it is sent as soon as a slot is free
  kSchedule,   ///< its next attempt is not due yet
  kDeliverAt,  ///< the time that its producer asked for has not come
  kOrder,      ///< an older delivery of its ordering key is pending
  kCircuit,    ///< the endpoint's circuit is open; only probes are sent
  kThrottle,   ///< the receiver asked for a throttle, which has not ended
  kRateLimit,  ///< the endpoint's rate limit is used up
  kPaused,     ///< the endpoint is paused
  kDisabled,   ///< the endpoint is disabled
};
inline constexpr std::size_t kWaitingForCount = 9;
[[nodiscard]] std::string_view to_string(WaitingFor reason);

/// The times until which the node of an endpoint sends it no requests, even if deliveries are due.
struct Backpressure {
  std::optional<WallTime> throttled_until;
  std::optional<WallTime> rate_limited_until;

  bool operator==(const Backpressure&) const = default;
};

/// Everything that determines why a pending delivery waits.
struct WaitingFacts {
  WallTime due_at;
  std::optional<WallTime> deliver_at;  ///< the event's deliver_at
  bool is_behind_another = false;      ///< an older delivery of its ordering key is pending
  EndpointState state = EndpointState::kActive;
  std::optional<OpenCircuit> circuit{};
  Backpressure backpressure{};

  bool operator==(const WaitingFacts&) const = default;
};

struct Waiting {
  WaitingFor reason = WaitingFor::kDue;
  /// The earliest time at which it may be sent. nullopt when that is not known: its endpoint is
  /// paused or disabled, or it waits for an older delivery.
  std::optional<WallTime> next_attempt_at;

  bool operator==(const Waiting&) const = default;
};

/// Returns why a delivery waits. The API, the metrics and the simulator all call it.
[[nodiscard]] Waiting waiting_of(const WaitingFacts& facts, WallTime now);

}  // namespace postrider
