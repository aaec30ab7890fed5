// The input of jq programs.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "domain/event.h"

namespace postrider::destinations {

/// Returns `{"id","type","timestamp","tenant","channels","metadata","data"}`. `event_id` is the
/// public id. An event that is not yet accepted has none: an empty id becomes null.
[[nodiscard]] std::string program_input(
    const EventDraft& event, std::string_view event_id, WallTime timestamp
);

}  // namespace postrider::destinations
