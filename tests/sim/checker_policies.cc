// Checks of what an endpoint's policies allow: rate limits.
#include <algorithm>

#include "tests/sim/checker.h"

namespace postrider::sim {

/// A limit counts from when the node was told of it, or of another one with the same period.
void Checker::check_rate(const Flight& flight, std::uint64_t told) {
  std::optional<RateLimit> limit;
  std::uint64_t since = 0;
  for (const auto& version : endpoint_history_[flight.endpoint]) {
    if (version.seq > told) break;
    const auto known = version.row ? parse_config(version.row->config).rate_limit : std::nullopt;
    if (known && (!limit || limit->period != known->period)) since = version.seq;
    limit = known;
  }
  const MonoTime now = p_.clock.mono_now();
  auto& sends = sends_[flight.endpoint];
  sends.push_back({now, told, flight.delivery});
  if (!limit) return;
  const auto is_in_window = [&](const Sent& sent) {
    return sent.at + limit->period > now && sent.told >= since;
  };
  const auto count = std::count_if(sends.begin(), sends.end(), is_in_window);
  if (count <= limit->limit) return;
  violate(
      fmt::format("{} requests in {} ms, not {}", count, limit->period.count(), limit->limit),
      flight.delivery,
      flight.endpoint
  );
}

/// Requests in flight at a crash are known by their deliveries, as many as may be in flight.
void Checker::forget_unknown_sends() {
  for (auto& [id, sends] : sends_) {
    const auto endpoint = current_endpoints_.find(id);
    int known_max = endpoint == current_endpoints_.end()
                        ? 0
                        : parse_config(endpoint->second.config).max_in_flight;
    std::set<std::int64_t> seen;
    // The latest of a delivery is the one in flight.
    for (auto sent = sends.rbegin(); sent != sends.rend(); ++sent) {
      if (!unsettled_.contains(sent->delivery) || !seen.insert(sent->delivery).second) continue;
      const auto row = current_.find(sent->delivery);
      const bool known = row != current_.end() && row->second.is_pending() &&
                         from_unix_ms(row->second.due_at_ms) <= p_.clock.wall_now();
      if (!known || --known_max < 0) sent->at = {};
    }
  }
}

}  // namespace postrider::sim
