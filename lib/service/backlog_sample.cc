#include "service/backlog_sample.h"

#include <algorithm>

namespace postrider {
namespace {

/// The engine uses a free slot of a rate limit within this time. Without it, a sample between the
/// end of a wait and the request would count the whole backlog of a rate-limited endpoint as due.
constexpr Millis kSlotGrace{1000};

}  // namespace

BacklogSample sample_backlog(
    std::span<const Backlog> endpoints,
    const std::function<Backpressure(EndpointId)>& backpressure_of,
    WallTime now
) {
  BacklogSample sample;
  const auto add = [&sample](WaitingFor reason, std::int64_t count) {
    sample.counts[static_cast<std::size_t>(reason)] += count;
  };
  for (const Backlog& backlog : endpoints) {
    WaitingFacts facts;
    facts.due_at = backlog.oldest_due_at.value_or(now);
    facts.state = backlog.state;
    if (backlog.circuit_is_open) facts.circuit.emplace();
    facts.backpressure = backpressure_of(backlog.endpoint);
    if (auto& slot = facts.backpressure.rate_limited_until) *slot += kSlotGrace;
    const WaitingFor reason = waiting_of(facts, now).reason;
    if (backlog.state != EndpointState::kActive) {
      add(reason, backlog.due + backlog.scheduled + backlog.ordered);
      continue;
    }
    add(WaitingFor::kSchedule, backlog.scheduled);
    add(WaitingFor::kOrder, backlog.ordered);
    add(reason, backlog.due);
    if (reason == WaitingFor::kDue && backlog.oldest_due_at)
      sample.oldest_due_at =
          std::min(sample.oldest_due_at.value_or(*backlog.oldest_due_at), *backlog.oldest_due_at);
  }
  return sample;
}

}  // namespace postrider
