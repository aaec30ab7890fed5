// Waiting for what becomes of a delivery.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "service/attempt_feed.h"
#include "store/reader.h"

namespace postrider {

/// What is waited for, and until when.
struct AttemptWait {
  DeliveryId delivery;
  std::uint64_t from = 0;  ///< its attempt's number in the feed is not below
  MonoTime end;
};

/// The first attempt of a delivery; kUnavailable when there is none in time. `elsewhere`: where it
/// is looked for as well when another node sends, as the feed has no more than this node's.
[[nodiscard]] Result<RecordedAttempt> wait_for_attempt(
    const AttemptWait& wanted, AttemptFeed& feed, StoreReader* elsewhere, const Clock& clock
);

}  // namespace postrider
