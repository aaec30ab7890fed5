// Checks of the tables after every commit.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "service/health.h"

#include "tests/sim/checker.h"

namespace postrider::sim {
namespace {

bool is_yes(const Response& response) {
  return response.failure == Response::Failure::kNone && response.status >= 200 &&
         response.status <= 299;
}
bool is_gone(const Response& response) {
  return response.failure == Response::Failure::kNone && response.status == 410;
}

int attempts_of(const RetryPolicy& policy) {
  return policy.kind == RetryPolicy::Kind::kSchedule ? 1 + static_cast<int>(policy.delays.size())
                                                     : policy.attempts_max;
}

/// The wait after `failed` failures without jitter, in milliseconds.
double delay_of(const RetryPolicy& policy, int failed) {
  if (policy.kind == RetryPolicy::Kind::kSchedule)
    return static_cast<double>(policy.delays.at(static_cast<std::size_t>(failed - 1)).count());
  const double grown =
      static_cast<double>(policy.initial.count()) * std::pow(policy.factor, failed - 1);
  return std::min(grown, static_cast<double>(policy.delay_max.count()));
}

}  // namespace

void Checker::put_endpoint(ModelEndpoint endpoint, int index) {
  endpoint_of_index_[index] = endpoint.id;
  endpoints_[endpoint.id] = std::move(endpoint);
}

void Checker::accept(std::int64_t event, ModelEvent promise) {
  Wanted wanted = wanted_by(endpoints_, promise);
  promised_[event] = {std::move(promise), std::move(wanted)};
}

Checker::Wanted Checker::wanted_by(
    const std::map<std::int64_t, ModelEndpoint>& endpoints, const ModelEvent& event
) {
  Wanted wanted;
  for (const auto& [id, endpoint] : endpoints) {
    if (const auto birth = birth_of(endpoint, event)) wanted[id] = *birth;
  }
  return wanted;
}

template <class Row>
void Checker::remember(
    History<Row>& history,
    const std::map<std::int64_t, Row>& before,
    const std::map<std::int64_t, Row>& now,
    std::uint64_t seq
) {
  for (const auto& [id, row] : now) {
    const auto known = before.find(id);
    if (known == before.end() || !(known->second == row))
      history[id].push_back({seq, p_.clock.mark(), row});
  }
  for (const auto& [id, row] : before) {
    if (!now.contains(id)) history[id].push_back({seq, p_.clock.mark(), std::nullopt});
  }
}

void Checker::on_commit(
    std::uint64_t seq, const Actor& node, const std::vector<Settlement>& settled
) {
  const WallTime now = node.now;
  after_ = p_.tables.deliveries();
  auto endpoints_after = p_.tables.endpoints();
  after_endpoints_ = endpoints_after;
  middle_ = current_;
  failing_.clear();
  gone_.clear();
  for (const auto& settlement : settled) check_settled(settlement, node, seq);
  check_events(after_);
  for (const auto& [id, row] : after_) {
    const auto before = middle_.find(id);
    check_delivery_change(before == middle_.end() ? nullptr : &before->second, &row, now);
  }
  for (const auto& [id, row] : middle_) {
    if (!after_.contains(id)) check_delivery_change(&row, nullptr, now);
  }
  for (const auto& [id, row] : endpoints_after) {
    const auto before = current_endpoints_.find(id);
    if (before != current_endpoints_.end()) check_endpoint_change(before->second, row, now, seq);
  }
  check_replays();
  remember(history_, current_, after_, seq);
  remember(endpoint_history_, current_endpoints_, endpoints_after, seq);
  current_ = std::move(after_);
  current_endpoints_ = std::move(endpoints_after);
  outbox_endpoints_.clear();
  for (const auto* asked : {&notes.retried, &notes.replayed}) {
    for (const std::int64_t id : *asked) forwarded_[id] = seq;
  }
  notes = {};
  seq_ = seq;
  ++counts.commits;
}

// --- Settling ------------------------------------------------------------------------------------

void Checker::check_settled(const Settlement& settlement, const Actor& node, std::uint64_t seq) {
  const WallTime now = node.now;
  const std::int64_t id = settlement.delivery.value;
  const std::int64_t endpoint = settlement.endpoint.value;
  require(is_owner(endpoint, node.node), "a node settles what is not its own", id, endpoint);
  auto ended = unsettled_.extract(id);
  if (!ended.empty()) {
    --in_flight_[endpoint];
  } else {
    ended = refused_.extract(id);
    if (ended.empty()) violate("settled without a request", id, endpoint);
    if (!ended.mapped().objection.empty()) violate(ended.mapped().objection, id, endpoint);
  }
  const Unsettled sent = std::move(ended.mapped());
  require(sent.node == node.node, "a node settles what another one has sent", id, endpoint);
  settled_seq_[id] = seq;
  ++counts.settled;
  require(sent.response.has_value(), "settled without an answer", id, endpoint);
  require(sent.rounds.contains(settlement.round), "settled in a wrong round", id, endpoint);
  Health& health = health_[endpoint];
  Breaker& breaker = breakers_[endpoint];
  if (breaker.probe == id) breaker.probe = 0;
  const bool counts_for_health = sent.was_sent && !began_anew(endpoint, sent.told, seq);
  if (counts_for_health) stored_[endpoint] = sent.after;
  if (is_yes(*sent.response)) {
    if (counts_for_health) health = {};
  } else if (counts_for_health) {
    if (health.since_ms == 0) health.since_ms = unix_ms(now);
    ++health.failed;
    if (unix_ms(now) - health.since_ms >= kFailingDisablesAfter.count() &&
        health.failed >= kFailingAttemptsMin)
      failing_.insert(endpoint);
  }
  if (is_gone(*sent.response)) note_gone(sent, seq);
  const auto row = middle_.find(id);
  if (row == middle_.end()) return;  // retention was faster
  const auto after = after_.find(id);
  ++row->second.attempts;
  const bool in_time =
      row->second.is_pending() && (is_yes(*sent.response) || row->second.round == settlement.round);
  if (!in_time) {
    ++counts.late;
    return;
  }
  check_applied(sent, row->second, after == after_.end() ? nullptr : &after->second, now);
}

void Checker::note_gone(const Unsettled& sent, std::uint64_t seq) {
  // It speaks of the endpoint as it was before a person enabled it or gave it another URL.
  if (began_anew(sent.endpoint, sent.told, seq)) {
    gone_seq_.erase(sent.endpoint);
    return;
  }
  gone_.insert(sent.endpoint);
  gone_seq_[sent.endpoint] = seq;
}

void Checker::check_applied(
    const Unsettled& sent, DeliveryRow& row, const DeliveryRow* after, WallTime now
) {
  ++row.schedule_attempts;
  const auto ends = [&](const char* state, const char* reason) {
    row.state = state;
    row.dead_reason = reason;
    row.due_at_ms = 0;
    row.finished_at_ms = unix_ms(now);
  };
  if (is_yes(*sent.response)) return ends("delivered", "");
  if (is_gone(*sent.response)) return ends("dead", "gone");
  if (!sent.was_sent) return ends("dead", "rejected");
  int attempts_max = 0;
  int attempts_min = std::numeric_limits<int>::max();
  double earliest = std::numeric_limits<double>::max();
  double latest = 0;
  for (const auto& policy : sent.policies) {
    attempts_max = std::max(attempts_max, attempts_of(policy));
    attempts_min = std::min(attempts_min, attempts_of(policy));
    if (row.schedule_attempts >= attempts_of(policy)) continue;
    const double delay = delay_of(policy, row.schedule_attempts);
    earliest = std::min(earliest, delay * (1 - policy.jitter) - 1);
    latest = std::max(latest, delay * (1 + policy.jitter) + 1);
  }
  // A policy that is shortened under way ends with the attempt that comes next.
  int& attempts_ever = attempts_max_[row.endpoint];
  attempts_ever = std::max(attempts_ever, attempts_max);
  require(
      row.schedule_attempts <= attempts_ever,
      "more attempts than the policy has",
      row.id,
      row.endpoint
  );
  if (after == nullptr && notes.touches(row.id)) return;
  if (after == nullptr) {
    // RetentionResult in the same commit, so it was final.
    require(
        row.schedule_attempts >= attempts_min, "a pending delivery is pruned", row.id, row.endpoint
    );
    return ends("dead", "attempts_exhausted");
  }
  if (notes.touches(row.id)) {
    // Somebody changed it in the same commit; what settling made of it cannot be seen.
    if (!after->is_pending() || !notes.retried.contains(row.id)) row = *after;
    return;
  }
  if (!after->is_pending()) {
    require(
        row.schedule_attempts >= attempts_min, "dead before the policy's end", row.id, row.endpoint
    );
    return ends("dead", "attempts_exhausted");
  }
  require(
      row.schedule_attempts < attempts_max, "pending after the policy's end", row.id, row.endpoint
  );
  double asked = 0;
  const int status = sent.response->status;
  if (status == 429 || status == 502 || status == 503 || status == 504) {
    const auto date = parse_http_date(sent.response->retry_after);
    if (date) asked = static_cast<double>((*date - sent.answered_at).count());
    int seconds = 0;
    const auto& text = sent.response->retry_after;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (!date) asked = seconds * 1000.0;
  }
  const double wait = static_cast<double>(after->due_at_ms - unix_ms(sent.answered_at));
  if (wait < std::max(earliest, asked)) {
    const auto what =
        fmt::format("a retry is due too early: after {} ms, not {} and {}", wait, earliest, asked);
    violate(what, row.id, row.endpoint);
  }
  require(wait <= std::max(latest, asked + 1), "a retry is due too late", row.id, row.endpoint);
  row.due_at_ms = after->due_at_ms;
}

// --- Deliveries ----------------------------------------------------------------------------------

void Checker::check_delivery_change(
    const DeliveryRow* before, const DeliveryRow* after, WallTime now
) const {
  if (after == nullptr) return check_pruned(*before);
  const std::int64_t id = after->id;
  const auto must = [&](bool holds, const char* what) {
    require(holds, what, id, after->endpoint);
  };
  if (before == nullptr) {
    // A task may have revived what was born dead in this commit.
    const bool is_new = after->event > last_old_event_;
    const bool revived = notes.task && is_new && after->attempts == 1;
    const bool dead = is_born_dead(*after);
    must(
        dead || revived || (after->attempts == 0 && after->schedule_attempts == 0),
        "a new delivery has attempts"
    );
    must(after->is_pending() || dead || notes.touches(id), "a new delivery is final");
    must(is_new || !dead, "a replay makes a dead letter");
    const auto line = notes.lines.find(id);
    must(
        line == notes.lines.end() || line->second == after->lane_key, "a replay joins another line"
    );
    return;
  }
  if (*before == *after) return;
  must(before->lane_key == after->lane_key, "a delivery changes its line");
  p_.trace.note(
      id,
      after->endpoint,
      fmt::format(
          "delivery {}: {} {} due {} attempts {}/{} round {}",
          id,
          after->state,
          after->dead_reason,
          after->due_at_ms == 0 ? "never" : to_rfc3339(from_unix_ms(after->due_at_ms)),
          after->schedule_attempts,
          after->attempts,
          after->round
      )
  );
  must(notes.touches(id), "a delivery changed that nobody touched");
  must(before->attempts == after->attempts, "attempts were not counted");
  must(before->round <= after->round, "a round goes back");
  const bool may_replay =
      notes.replayed.contains(id) || (notes.task && before->state == "dead" && !before->discarded);
  if (!before->is_pending()) {
    const bool same = before->state == after->state && before->dead_reason == after->dead_reason &&
                      before->finished_at_ms == after->finished_at_ms;
    must(same || may_replay, "a final state was not final");
    if (before->discarded != after->discarded)
      must(notes.discarded.contains(id) || notes.task, "discarded by nobody");
  }
  if (after->schedule_attempts < before->schedule_attempts)
    must(may_replay || notes.task, "a schedule starts again without a replay");
  if (after->is_pending() || after->state == before->state) return;
  must(after->state != "delivered", "delivered without an answer of the receiver");
  if (after->state == "cancelled") {
    const bool deleted = !endpoints_.contains(after->endpoint);
    must(notes.cancelled.contains(id) || (notes.sweep && deleted), "cancelled by nobody");
  } else if (after->dead_reason == "expired") {
    const auto expires = events_.at(after->event).expires_at_ms;
    must(notes.sweep && expires != 0 && expires <= unix_ms(now), "expired before its time");
  } else if (after->dead_reason == "endpoint_disabled") {
    const auto& endpoint = current_endpoints_.at(after->endpoint);
    const bool long_enough =
        unix_ms(now) - endpoint.state_changed_at_ms >= notes.hold_disabled.count() ||
        notes.endpoints.contains(after->endpoint);
    must(notes.sweep && endpoint.state == "disabled" && long_enough, "given up too early");
  } else if (after->dead_reason == "attempts_exhausted") {
    must(notes.sweep && waited_long_enough(*before, now), "did not wait for long enough");
  } else {
    must(false, "dead without an attempt");
  }
}

void Checker::check_pruned(const DeliveryRow& before) const {
  const auto& event = events_.at(before.event);
  require(notes.prune, "a delivery is lost", before.id, before.endpoint);
  require(
      !before.is_pending() || notes.touches(before.id),
      "a pending delivery is pruned",
      before.id,
      before.endpoint
  );
  require(
      event.created_at_ms < unix_ms(notes.prune_before),
      "a delivery is pruned too early",
      before.id,
      before.endpoint
  );
}

// --- Endpoints -----------------------------------------------------------------------------------

void Checker::check_endpoint_change(
    const EndpointRow& before, const EndpointRow& after, WallTime now, std::uint64_t seq
) {
  const std::int64_t id = after.id;
  const auto must = [&](bool holds, const char* what) { require(holds, what, 0, id); };
  if (before.state != after.state || before.deleted != after.deleted) {
    p_.trace.note(
        0,
        id,
        fmt::format(
            "endpoint {}: {} {}{}", id, after.state, after.reason, after.deleted ? " deleted" : ""
        )
    );
  }
  if (before.deleted || after.deleted) return;
  note_beginning(before, after, seq);
  check_stored_circuit(after);
  if (notes.endpoints.contains(id)) {
    // Enabling the endpoint resets its health.
    if (after.failed_attempts == 0) health_[id] = {};
    return;
  }
  const bool to_disable = gone_.contains(id) || failing_.contains(id);
  if (before.state == "disabled") {
    must(after.state == "disabled" && after.reason == before.reason, "enabled by nobody");
  } else if (to_disable) {
    must(after.state == "disabled", "an endpoint that is gone or failing is not disabled");
    must(after.reason == (gone_.contains(id) ? "gone" : "failing"), "disabled for another reason");
    must(after.state_changed_at_ms == unix_ms(now), "disabled at another time");
  } else {
    must(after.state == before.state, "the state of an endpoint was changed by nobody");
  }
  const auto known = health_.find(id);
  const Health health = known == health_.end() ? Health{} : known->second;
  must(
      after.failing_since_ms == health.since_ms && after.failed_attempts == health.failed,
      "an endpoint's health is wrong"
  );
}

bool Checker::all_final() const {
  return std::none_of(current_.begin(), current_.end(), [](const auto& entry) {
    return entry.second.is_pending();
  });
}

bool Checker::all_active() const {
  return std::all_of(current_endpoints_.begin(), current_endpoints_.end(), [](const auto& entry) {
    return entry.second.deleted || entry.second.state == "active";
  });
}

void Checker::check_attempts() const {
  const auto wrong = p_.tables.number(
      "SELECT count(*) FROM delivery AS d WHERE attempts_count <> "
      "(SELECT count(*) FROM attempt AS a WHERE a.delivery_id = d.id)"
  );
  if (wrong != 0) violate("attempts are missing", 0, 0);
  const auto unexplained = p_.tables.number(
      "SELECT count(*) FROM delivery AS d WHERE dead_reason = 'rejected' AND NOT EXISTS "
      "(SELECT 1 FROM attempt AS a WHERE a.delivery_id = d.id AND a.number = d.attempts_count "
      "AND a.outcome = 'rejected' AND a.status = 0 AND a.error IS NOT NULL)"
  );
  if (unexplained != 0) violate("a rejection has no attempt that says why", 0, 0);
}

void Checker::on_end() {
  for (const auto& [id, row] : current_) {
    if (row.is_pending()) {
      const auto due_at = to_rfc3339(from_unix_ms(row.due_at_ms));
      violate("a delivery never ended; due at " + due_at, id, row.endpoint);
    }
    if (row.state == "delivered") {
      require(
          p_.network.said_yes(row.event, row.endpoint),
          "delivered and never received",
          id,
          row.endpoint
      );
    }
  }
  check_attempts();
  if (p_.tables.text("PRAGMA integrity_check") != "ok") violate("the database is damaged", 0, 0);
  if (!p_.tables.outbox().empty()) violate("rows of the outbox wait for ever", 0, 0);
  if (!unsettled_.empty()) violate("requests were never settled", unsettled_.begin()->first, 0);
}

}  // namespace postrider::sim
