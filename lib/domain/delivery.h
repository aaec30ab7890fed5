// A delivery is one event for one endpoint. It has a state, a schedule and attempts.
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
  int attempts_count = 0;          ///< number of requests, over all schedules
  /// Number of requests since the current schedule began. A replay begins a new schedule.
  int schedule_attempts_count = 0;
  /// Incremented by every change of state except a settlement. The response to a request of an
  /// earlier round is ignored.
  int round = 0;
  std::optional<DeadReason> dead_reason;  ///< set iff dead
  std::optional<WallTime> finished_at;    ///< set iff not pending
  bool discarded = false;                 ///< a person has discarded the dead letter
  std::optional<WallTime> expires_at;     ///< copied from the event; never changes
  /// The key of the delivery's queue at its endpoint, see lane_key_of(); never changes.
  std::optional<std::string> lane_key;

  bool operator==(const Delivery&) const = default;
};

/// One HTTP request for a delivery, with its result.
struct Attempt {
  AttemptId id;
  int number = 0;  ///< 1 for the first request of the delivery
  WallTime started_at;
  Millis duration{0};
  int status = 0;  ///< 0 when no response arrived
  Outcome outcome = Outcome::kSuccess;
  std::string error;             ///< empty on success
  std::string response_excerpt;  ///< unmodified bytes

  bool operator==(const Attempt&) const = default;
};

}  // namespace postrider
