// What jq programs are run over.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "domain/event.h"

namespace postrider::destinations {

/// `{"id","type","timestamp","tenant","channels","metadata","data"}`. `event_id` is the public id;
/// empty is null: an event has none before it is accepted.
[[nodiscard]] std::string program_input(
    const EventDraft& event, std::string_view event_id, WallTime timestamp
);

}  // namespace postrider::destinations
