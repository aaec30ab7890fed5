// Checks of what an endpoint's policies allow: rate limits and circuits.
#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/sim/checker.h"

namespace postrider::sim {

/// A limit counts from when the node was notified of it, or of another one with the same period.
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

/// Requests in flight when a node was gone are known by their deliveries, as many as may be in
/// flight.
void Checker::forget_unknown_sends(std::int64_t endpoint, const Actor& node) {
  auto orphans = orphans_.extract(endpoint);
  if (orphans.empty()) return;
  int known_max = parse_config(current_endpoints_.at(endpoint).config).max_in_flight;
  std::set<std::int64_t> seen;
  auto& sends = sends_[endpoint];
  // The latest of a delivery is the one in flight.
  for (auto sent = sends.rbegin(); sent != sends.rend(); ++sent) {
    if (!orphans.mapped().contains(sent->delivery) || !seen.insert(sent->delivery).second) continue;
    const auto row = current_.find(sent->delivery);
    const bool known = row != current_.end() && row->second.is_pending() &&
                       from_unix_ms(row->second.due_at_ms) <= node.now;
    if (!known || --known_max < 0) sent->at = {};
  }
}

// --- Circuits ------------------------------------------------------------------------------------

namespace {

constexpr std::int64_t kFailuresMax = 10;
constexpr std::int64_t kDelayMs = 5000;
constexpr std::int64_t kDelayMsMax = 300'000;
constexpr std::int64_t kHourMs = 3'600'000;

std::int64_t length_ms(const RetryPolicy& policy) {
  double sum = 0;
  double delay = static_cast<double>(policy.initial.count());
  if (policy.kind == RetryPolicy::Kind::kSchedule) {
    for (const Millis one : policy.delays) sum += static_cast<double>(one.count());
  } else {
    for (int i = 1; i < policy.attempts_max; ++i, delay *= policy.factor)
      sum += std::floor(std::min(delay, static_cast<double>(policy.delay_max.count())));
  }
  return static_cast<std::int64_t>(sum);
}

}  // namespace

bool Checker::began_anew(std::int64_t endpoint, std::uint64_t from, std::uint64_t until) const {
  const auto found = health_resets_.find(endpoint);
  if (found == health_resets_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](std::uint64_t seq) {
    return seq > from && seq <= until;
  });
}

void Checker::judge_circuits(const Actor& node) {
  for (auto& [id, breaker] : breakers_) {
    if (!is_owner(id, node.node)) continue;
    if (began_anew(id, breaker.told, node.told)) breaker = {};
    breaker.told = node.told;
  }
  for (const std::int64_t delivery : std::exchange(unjudged_, {})) judge_circuit(delivery, node);
}

void Checker::judge_circuit(std::int64_t delivery, const Actor& node) {
  const std::uint64_t told = node.told;
  Unsettled& sent = unsettled_.at(delivery);
  if (began_anew(sent.endpoint, sent.told, told)) return;
  Breaker& breaker = breakers_[sent.endpoint];
  breaker.told = told;
  const Response& response = *sent.response;
  if (response.failure == Response::Failure::kNone && response.status >= 200 &&
      response.status <= 299) {
    breaker = {};
    breaker.told = told;
  } else {
    const bool is_probe = breaker.open && breaker.probe == delivery;
    const bool opens = ++breaker.failures >= kFailuresMax && !breaker.open;
    if (opens) breaker.opened_at = node.now;
    if (opens || is_probe) {
      breaker.open = true;
      breaker.delay_ms = opens ? kDelayMs : std::min(2 * breaker.delay_ms, kDelayMsMax);
      breaker.failed_at = node.now;
      breaker.earliest = p_.clock.mono_now() + Millis{breaker.delay_ms * 8 / 10};
    }
  }
  sent.after = breaker;
}

/// The entry stays if the node has not been notified of it yet. The notification then arrives
/// while the request is in flight, and lets another one through.
bool Checker::erase_forwarded(std::int64_t delivery, std::uint64_t told) {
  const auto asked = forwarded_.find(delivery);
  if (asked == forwarded_.end() || asked->second > told) return false;
  forwarded_.erase(asked);
  return true;
}

bool Checker::take_forwarded(const Flight& flight, std::uint64_t told) {
  if (erase_forwarded(flight.delivery, told)) return true;
  // Ordering queues keep their order: a retry of an ordered delivery sends the next head.
  const auto is_ordered = [&](const auto& asked) {
    const auto row = current_.find(asked.first);
    return asked.second <= told && row != current_.end() &&
           row->second.endpoint == flight.endpoint && row->second.lane_key;
  };
  const auto asked = std::find_if(forwarded_.begin(), forwarded_.end(), is_ordered);
  if (asked == forwarded_.end()) return false;
  forwarded_.erase(asked);
  return true;
}

void Checker::check_circuit(const Flight& flight, const Actor& node) {
  // A node may be notified of another node's entry before it is notified of older ones.
  const std::uint64_t told = p_.shared == nullptr ? node.told : seq_;
  Breaker& breaker = breakers_[flight.endpoint];
  if (!breaker.open) {
    erase_forwarded(flight.delivery, told);
    return;
  }
  const bool asked_for = breaker.earliest <= p_.clock.mono_now()
                             ? erase_forwarded(flight.delivery, told)
                             : take_forwarded(flight, told);
  require(breaker.probe == 0, "two probes at once", flight.delivery, flight.endpoint);
  require(
      asked_for || breaker.earliest <= p_.clock.mono_now(),
      "a request through an open circuit",
      flight.delivery,
      flight.endpoint
  );
  breaker.probe = flight.delivery;
}

void Checker::note_beginning(
    const EndpointRow& before, const EndpointRow& after, std::uint64_t seq
) {
  const bool other_url = parse_config(before.config).url != parse_config(after.config).url;
  const bool enabled = before.state == "disabled" && after.state != "disabled";
  if (before.health_round == after.health_round) {
    require(!other_url && !enabled, "failures do not start again from zero", 0, after.id);
    return;
  }
  require(
      other_url || notes.endpoints.contains(after.id),
      "failures start again from zero for no reason",
      0,
      after.id
  );
  health_resets_[after.id].push_back(seq);
  health_[after.id] = {};
  stored_[after.id] = {};
}

void Checker::check_stored_circuit(const EndpointRow& row) const {
  const auto found = stored_.find(row.id);
  const Breaker known = found == stored_.end() ? Breaker{} : found->second;
  const auto must = [&](bool holds, const char* what) { require(holds, what, 0, row.id); };
  must(known.open == (row.circuit_opened_at_ms != 0), "the circuit that is stored is wrong");
  must(known.open == (row.next_probe_at_ms != 0), "the next probe that is stored is wrong");
  if (!known.open) return;
  must(row.circuit_opened_at_ms == unix_ms(known.opened_at), "opened at another time");
  must(row.probe_delay_ms == known.delay_ms, "the delay of probes is wrong");
  const std::int64_t wait = row.next_probe_at_ms - unix_ms(known.failed_at);
  must(
      wait >= known.delay_ms * 8 / 10 && wait <= known.delay_ms * 12 / 10,
      "the next probe is stored for another time"
  );
}

Checker::Breaker Checker::restored_circuit(const EndpointRow& row) const {
  const auto stored = stored_.find(row.id);
  Breaker breaker = stored == stored_.end() ? Breaker{} : stored->second;
  breaker.probe = 0;
  breaker.told = seq_;
  breaker.failures = row.failed_attempts;
  breaker.probe_at = from_unix_ms(row.next_probe_at_ms);
  return breaker;
}

bool Checker::waited_long_enough(const DeliveryRow& row, WallTime now) const {
  for (const auto* rows : {&current_endpoints_, &after_endpoints_}) {
    const auto endpoint = rows->find(row.endpoint);
    if (endpoint == rows->end() || endpoint->second.circuit_opened_at_ms == 0) continue;
    const auto policy = parse_config(endpoint->second.config).retry.value_or(p_.retry_default);
    const std::int64_t since = std::max(
        {row.due_at_ms, endpoint->second.circuit_opened_at_ms, endpoint->second.state_changed_at_ms}
    );
    if (unix_ms(now) - since >= std::max(length_ms(policy), kHourMs)) return true;
  }
  return false;
}

}  // namespace postrider::sim
