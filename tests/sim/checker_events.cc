// Checks of events and of the outbox, after every commit.
#include <charconv>
#include <string>
#include <utility>

#include "tests/sim/checker.h"

namespace postrider::sim {
namespace {

/// The number that makes each event of the simulator its own.
std::int64_t number_in(const std::string& data) {
  const auto at = data.find("\"n\":");
  std::int64_t number = -1;
  if (at != std::string::npos)
    std::from_chars(data.data() + at + 4, data.data() + data.size(), number);
  return number;
}

}  // namespace

void Checker::check_events(const std::map<std::int64_t, DeliveryRow>& rows) {
  for (const auto& [id, row] : rows) {
    delivery_of_[{row.event, row.endpoint}] = id;
    if (row.lane_key) lines_[{row.endpoint, *row.lane_key}].insert(id);
  }
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
  Wanted wanted;
  if (promise != promised_.end()) {
    event = promise->second.first;
    wanted = promise->second.second;
    promised_.erase(promise);
  } else {
    const std::int64_t number = number_in(row.data);
    const auto found = outbox_.find(number);
    if (found == outbox_.end() || !outbox_endpoints_)
      violate("an event that nobody has emitted: " + row.data.substr(0, 60), 0, 0);
    ++taken_up_[number];
    event = found->second.event;
    wanted = wanted_by(*outbox_endpoints_, event);
  }
  if (row.data != event.data || row.type != event.type || row.tenant != event.tenant ||
      row.ordering_key != event.ordering_key)
    violate("an event is not what was emitted", 0, 0);
  Wanted got;
  const auto due_ms = std::max(row.created_at_ms, row.deliver_at_ms);
  for (const auto& [id, delivery] : rows) {
    if (delivery.event != row.id) continue;
    got[delivery.endpoint] = delivery.lane_key;
    p_.trace.note(id, delivery.endpoint, fmt::format("delivery {} of event {}", id, row.id));
    if (!notes.touches(id))
      require(delivery.due_at_ms == due_ms, "a new delivery is not due at once", id, 0);
  }
  if (got != wanted && !notes.task && notes.replayed.empty()) {
    violate(
        fmt::format(
            "event {} has {} deliveries and not {}, or in other lines",
            row.id,
            got.size(),
            wanted.size()
        ),
        0,
        0
    );
  }
}

void Checker::check_outbox() {
  if (!outbox_endpoints_) return;
  for (const auto& row : p_.tables.rejected()) {
    if (row.reason.empty()) violate("a row of the outbox was rejected without a reason", 0, 0);
    rejected_[number_in(row.data)] = row.reason;
  }
  std::set<std::int64_t> waiting;
  for (const auto& data : p_.tables.outbox()) waiting.insert(number_in(data));
  // In the order of insertion, as they are taken up.
  for (const auto& [number, row] : outbox_) {
    if (waiting.contains(number)) {
      if (taken_up_.contains(number)) violate("a row of the outbox is taken up twice", 0, 0);
      continue;
    }
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
