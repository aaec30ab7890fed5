// Why a pending delivery has not been sent yet.
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
  kDue,        ///< nothing: it is sent as soon as there is room for a request
  kSchedule,   ///< the next attempt of its schedule
  kDeliverAt,  ///< the instant that its producer asked for
  kOrder,      ///< an older delivery of its ordering key
  kCircuit,    ///< the endpoint's circuit to close, or its turn as a probe
  kThrottle,   ///< the end of a throttle that the receiver's answers asked for
  kRateLimit,  ///< the next slot of the endpoint's rate limit
  kPaused,     ///< the endpoint to be resumed
  kDisabled,   ///< the endpoint to be enabled
};
inline constexpr std::size_t kWaitingForCount = 9;
[[nodiscard]] std::string_view to_string(WaitingFor reason);

/// Until when the node that sends for an endpoint sends nothing to it, whatever is due.
struct Backpressure {
  std::optional<WallTime> throttled_until;
  std::optional<WallTime> rate_limited_until;

  bool operator==(const Backpressure&) const = default;
};

/// All that decides why a pending delivery waits.
struct WaitingFacts {
  WallTime due_at;
  std::optional<WallTime> deliver_at;  ///< of its event
  bool is_behind_another = false;      ///< an older delivery of its ordering key is pending
  EndpointState state = EndpointState::kActive;
  std::optional<OpenCircuit> circuit{};
  Backpressure backpressure{};

  bool operator==(const WaitingFacts&) const = default;
};

struct Waiting {
  WaitingFor reason = WaitingFor::kDue;
  /// The earliest instant at which it may be sent. Nothing when no clock decides: its endpoint is
  /// paused or disabled, or it waits for an older delivery.
  std::optional<WallTime> next_attempt_at;

  bool operator==(const Waiting&) const = default;
};

/// The only place that decides why a delivery waits: for the API, the metrics and the simulator.
[[nodiscard]] Waiting waiting_of(const WaitingFacts& facts, WallTime now);

}  // namespace postrider
