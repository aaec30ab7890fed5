#include "domain/endpoint.h"

#include <algorithm>

namespace postrider {

std::string_view to_string(EndpointState state) {
  switch (state) {
    case EndpointState::kActive:
      return "active";
    case EndpointState::kPaused:
      return "paused";
    case EndpointState::kDisabled:
      return "disabled";
  }
  return {};
}

std::string_view to_string(DisabledReason reason) {
  switch (reason) {
    case DisabledReason::kGone:
      return "gone";
    case DisabledReason::kFailing:
      return "failing";
    case DisabledReason::kOperator:
      return "operator";
  }
  return {};
}

Result<EndpointState> parse_endpoint_state(std::string_view text) {
  for (const auto state :
       {EndpointState::kActive, EndpointState::kPaused, EndpointState::kDisabled}) {
    if (to_string(state) == text) return state;
  }
  return fail(Errc::kInvalidArgument, "state must be active, paused or disabled");
}

Result<DisabledReason> parse_disabled_reason(std::string_view text) {
  for (const auto reason :
       {DisabledReason::kGone, DisabledReason::kFailing, DisabledReason::kOperator}) {
    if (to_string(reason) == text) return reason;
  }
  return fail(Errc::kInvalidArgument, "reason must be gone, failing or operator");
}

bool matches_type(std::string_view pattern, std::string_view type) {
  if (!pattern.ends_with(".*")) return pattern == type;
  pattern.remove_suffix(1);  // keeps the dot, so order.* does not cover orders.x or order
  return type.size() > pattern.size() && type.starts_with(pattern);
}

bool matches(const Endpoint& endpoint, const EventDraft& event) {
  if (endpoint.tenant != event.tenant) return false;
  const auto& types = endpoint.config.event_types;
  const auto covers = [&](const std::string& pattern) { return matches_type(pattern, event.type); };
  if (!types.empty() && std::none_of(types.begin(), types.end(), covers)) return false;
  const auto& channels = endpoint.config.channels;
  const auto shared = [&](const std::string& channel) {
    return std::find(event.channels.begin(), event.channels.end(), channel) != event.channels.end();
  };
  return channels.empty() || std::any_of(channels.begin(), channels.end(), shared);
}

}  // namespace postrider
