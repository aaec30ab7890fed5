// Checks of events and of the outbox, after every commit.
#include <algorithm>
#include <string>
#include <utility>

#include "tests/sim/checker.h"

namespace postrider::sim {
void Checker::check_events(const std::map<std::int64_t, DeliveryRow>& rows) {
  for (const auto& [id, row] : rows) {
    delivery_of_[{row.event, row.endpoint}] = id;
    if (row.lane_key) lines_[{row.endpoint, *row.lane_key}].insert(id);
  }
  last_old_event_ = last_event_;
  for (const auto& row : p_.tables.events_after(last_event_)) {
    last_event_ = row.id;
    events_[row.id] = row;
    check_new_event(row, rows);
    ++counts.events;
  }
  if (!promised_.empty()) violate("an event was accepted and is not in the database", 0, 0);
  check_outbox();
}

void Checker::check_new_event(
    const EventRow& row, const std::map<std::int64_t, DeliveryRow>& rows
) {
  const auto promise = promised_.find(row.id);
  ModelEvent event;
  std::vector<Wanted> wanted;  // any of these
  if (promise != promised_.end()) {
    event = promise->second.first;
    wanted = {promise->second.second};
    promised_.erase(promise);
  } else {
    const std::int64_t number = number_in(row.data);
    const auto found = outbox_.find(number);
    if (found == outbox_.end() || outbox_endpoints_.empty())
      violate("an event that nobody has emitted: " + row.data.substr(0, 60), 0, 0);
    ++taken_up_[number];
    event = found->second.event;
    for (const auto& endpoints : outbox_endpoints_) wanted.push_back(wanted_by(endpoints, event));
    require(number > last_taken_up_, "the outbox is taken up in another order", 0, 0);
    last_taken_up_ = number;
  }
  if (row.data != event.data || row.type != event.type || row.tenant != event.tenant ||
      row.ordering_key != event.ordering_key)
    violate("an event is not what was emitted", 0, 0);
  Wanted got;
  const auto due_ms = std::max(row.created_at_ms, row.deliver_at_ms);
  for (const auto& [id, delivery] : rows) {
    if (delivery.event != row.id) continue;
    const bool dead = is_born_dead(delivery);
    if (dead) ++counts.born_dead;
    got[delivery.endpoint] = {delivery.lane_key, dead};
    p_.trace.note(id, delivery.endpoint, fmt::format("delivery {} of event {}", id, row.id));
    if (!dead && !notes.touches(id))
      require(delivery.due_at_ms == due_ms, "a new delivery is not due at once", id, 0);
  }
  accepted_[row.id] = event;
  const bool fits = std::find(wanted.begin(), wanted.end(), got) != wanted.end();
  if (!fits && !notes.task && notes.replayed.empty()) {
    violate(
        fmt::format(
            "event {} has {} deliveries and not {}, or in other lines, or ended otherwise",
            row.id,
            got.size(),
            wanted.front().size()
        ),
        0,
        0
    );
  }
}

bool Checker::is_born_dead(const DeliveryRow& row) const {
  return row.state == "dead" && row.dead_reason == "rejected" && row.attempts == 1 &&
         row.schedule_attempts == 1 && !current_.contains(row.id);
}

void Checker::on_event_replay(
    EventId event, std::optional<EndpointId> only, const std::vector<Delivery>& pending
) {
  ModelReplay replay{event.value, {}};
  for (const auto& [id, endpoint] : endpoints_) {
    const auto birth = birth_of(endpoint, accepted_.at(event.value));
    if (only ? only->value == id : birth && !birth->dead) replay.wanting.insert(id);
  }
  for (const auto& one : pending) {
    const std::int64_t id = one.id.value;
    const std::int64_t endpoint = one.endpoint.value;
    notes.replayed.insert(id);
    require(replay.wanting.contains(endpoint), "a replay that nobody wants", id, endpoint);
    if (current_.contains(id)) continue;
    notes.lines[id] = line_of(endpoints_.at(endpoint), events_.at(event.value).ordering_key);
  }
  notes.replays.push_back(std::move(replay));
}

/// What else happened to an endpoint or a delivery in the same commit came in an order that cannot
/// be seen.
void Checker::check_replays() const {
  if (notes.task || notes.prune) return;
  const auto is_open = [&](const std::map<std::int64_t, EndpointRow>& rows, std::int64_t id) {
    const auto row = rows.find(id);
    return row != rows.end() && !row->second.deleted && row->second.state != "disabled";
  };
  for (const auto& replay : notes.replays) {
    for (const std::int64_t endpoint : replay.wanting) {
      if (notes.endpoints.contains(endpoint) || !is_open(current_endpoints_, endpoint) ||
          !is_open(after_endpoints_, endpoint))
        continue;
      const auto delivery = delivery_of_.find({replay.event, endpoint});
      if (delivery == delivery_of_.end()) violate("a replay left one out", 0, endpoint);
      const std::int64_t id = delivery->second;
      const auto before = current_.find(id);
      if (before == current_.end() || before->second.is_pending() || before->second.discarded ||
          notes.discarded.contains(id))
        continue;
      require(notes.replayed.contains(id), "a replay left one as it was", id, endpoint);
    }
  }
}

void Checker::check_outbox() {
  if (outbox_endpoints_.empty()) return;
  for (const auto& row : p_.tables.rejected()) {
    if (row.reason.empty()) violate("a row of the outbox was rejected without a reason", 0, 0);
    rejected_[number_in(row.data)] = row.reason;
  }
  std::set<std::int64_t> waiting;
  for (const auto& data : p_.tables.outbox()) waiting.insert(number_in(data));
  // In the order of insertion, as they are taken up.
  bool one_waits = false;
  for (const auto& [number, row] : outbox_) {
    if (waiting.contains(number)) {
      if (taken_up_.contains(number)) violate("a row of the outbox is taken up twice", 0, 0);
      one_waits = true;
      continue;
    }
    require(!one_waits, "a row of the outbox passes one that waits", 0, 0);
    int expected = row.valid ? 1 : 0;
    bool reject = !row.valid;
    if (row.valid && !row.key.empty()) {
      const auto [key, fresh] =
          outbox_keys_.try_emplace({row.event.tenant, row.key}, p_.clock.wall_now());
      const bool may_be_forgotten =
          !fresh && p_.clock.wall_now() - key->second >= std::chrono::hours{24};
      const bool again = may_be_forgotten && taken_up_.contains(number);
      if (again) key->second = p_.clock.wall_now();
      expected = fresh || again ? 1 : 0;
      reject = expected == 0;  // numbers differ: a key that comes again is used for another event
    }
    const auto found = taken_up_.find(number);
    const int got = found == taken_up_.end() ? 0 : found->second;
    if (got != expected)
      violate(fmt::format("outbox row {} became {} events, not {}", number, got, expected), 0, 0);
    if (reject != rejected_.contains(number))
      violate(fmt::format("outbox row {}: rejected is not {}", number, reject), 0, 0);
  }
  std::erase_if(outbox_, [&](const auto& entry) { return !waiting.contains(entry.first); });
}

}  // namespace postrider::sim
