// One event for one endpoint: the thing that has a state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "domain/id.h"
#include "domain/outcome.h"

namespace postrider {

enum class DeliveryState : std::uint8_t { kPending, kDelivered, kDead, kCancelled };
[[nodiscard]] std::string_view to_string(DeliveryState state);
[[nodiscard]] Result<DeliveryState> parse_delivery_state(std::string_view text);

struct Delivery {
  DeliveryId id;
  EventId event;
  EndpointId endpoint;
  DeliveryState state = DeliveryState::kPending;
  std::optional<WallTime> due_at;  ///< set iff pending
  int attempts_count = 0;          ///< requests made, over all schedules
  int schedule_attempts_count =
      0;  ///< requests made since the schedule began (a replay begins a fresh one)
  /// Raised by everything but settling that changes the state: an answer to an earlier round comes
  /// too late.
  int round = 0;
  std::optional<DeadReason> dead_reason;  ///< set iff dead
  std::optional<WallTime> finished_at;    ///< set iff not pending
  bool discarded = false;                 ///< a dead letter that someone put away
  std::optional<WallTime> expires_at;     ///< the event's; never changes
  /// The line it waits in at its endpoint (lane_key_of); never changes.
  std::optional<std::string> lane_key;

  bool operator==(const Delivery&) const = default;
};

/// One HTTP request made for a delivery, with what came back.
struct Attempt {
  AttemptId id;
  int number = 0;  ///< 1 for the first request of the delivery
  WallTime started_at;
  Millis duration{0};
  int status = 0;  ///< 0 when no response arrived
  Outcome outcome = Outcome::kSuccess;
  std::string error;             ///< empty on success
  std::string response_excerpt;  ///< bytes as they came

  bool operator==(const Attempt&) const = default;
};

}  // namespace postrider
