#include "domain/waiting.h"

#include <algorithm>
#include <array>

namespace postrider {
namespace {

constexpr std::array<std::string_view, kWaitingForCount> kNames = {
    "due",
    "schedule",
    "deliver_at",
    "order",
    "circuit",
    "throttle",
    "rate_limit",
    "paused",
    "disabled"};

}  // namespace

std::string_view to_string(WaitingFor reason) { return kNames[static_cast<std::size_t>(reason)]; }

Waiting waiting_of(const WaitingFacts& facts, WallTime now) {
  if (facts.state == EndpointState::kDisabled) return {WaitingFor::kDisabled, std::nullopt};
  if (facts.state == EndpointState::kPaused) return {WaitingFor::kPaused, std::nullopt};
  if (facts.due_at > now) {
    const bool asked_for = facts.deliver_at == facts.due_at;
    return {asked_for ? WaitingFor::kDeliverAt : WaitingFor::kSchedule, facts.due_at};
  }
  if (facts.is_behind_another) return {WaitingFor::kOrder, std::nullopt};
  const auto& [throttled_until, rate_limited_until] = facts.backpressure;
  // A probe is a request like any other: it waits for the throttle and the rate limit, too.
  const auto let_out = std::max(throttled_until, rate_limited_until);
  if (facts.circuit)
    return {WaitingFor::kCircuit, std::max(std::optional{facts.circuit->next_probe_at}, let_out)};
  if (throttled_until > now) return {WaitingFor::kThrottle, let_out};
  if (rate_limited_until > now) return {WaitingFor::kRateLimit, rate_limited_until};
  return {WaitingFor::kDue, facts.due_at};
}

}  // namespace postrider
