// What producers and operators were promised: the simulator's own books.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

#include "tests/sim/plan.h"

namespace postrider::sim {

struct ModelEndpoint {
  std::int64_t id = 0;
  std::string tenant;
  std::vector<std::string> event_types;
  std::vector<std::string> channels;
  std::string payload;
  std::string filter;
  std::string ordering = "none";
};

struct ModelEvent {
  std::string tenant;
  std::string type;
  std::string data;
  std::vector<std::string> channels;
  std::optional<WallTime> deliver_at;
  std::optional<WallTime> expires_at;
  std::string ordering_key;
};

/// The ordering queue that a new delivery joins, as api.md defines it.
[[nodiscard]] inline std::optional<std::string> line_of(
    const ModelEndpoint& endpoint, const std::string& ordering_key
) {
  if (endpoint.ordering == "strict") return std::string{};
  if (endpoint.ordering == "key" && !ordering_key.empty()) return ordering_key;
  return std::nullopt;
}

struct ModelKey {
  std::string body;
  std::string answer;
  WallTime created_at;
};

/// A row that a producer committed to the outbox.
struct ModelOutboxRow {
  ModelEvent event;
  bool valid = true;
  std::string key;  ///< empty = none
};

/// The number that makes each event of the simulator its own.
[[nodiscard]] inline std::int64_t number_in(const std::string& data) {
  const auto at = data.find("\"n\":");
  std::int64_t number = -1;
  if (at != std::string::npos)
    std::from_chars(data.data() + at + 4, data.data() + data.size(), number);
  return number;
}

/// A delivery as an event makes it.
struct Birth {
  std::optional<std::string> line;
  bool dead = false;  ///< its endpoint's filter has failed
  bool operator==(const Birth&) const = default;
};

/// Whether the event is one of those that the endpoint names.
[[nodiscard]] inline bool matches(const ModelEndpoint& endpoint, const ModelEvent& event) {
  if (endpoint.tenant != event.tenant) return false;
  bool type_fits = endpoint.event_types.empty();
  for (const auto& pattern : endpoint.event_types) {
    if (pattern == event.type) type_fits = true;
    if (pattern.ends_with(".*") && event.type.starts_with(pattern.substr(0, pattern.size() - 1)) &&
        event.type.size() + 1 > pattern.size())
      type_fits = true;
  }
  bool channel_fits = endpoint.channels.empty();
  for (const auto& channel : endpoint.channels) {
    for (const auto& other : event.channels) channel_fits |= channel == other;
  }
  return type_fits && channel_fits;
}

/// The delivery that the event makes for the endpoint, as api.md defines it.
[[nodiscard]] inline std::optional<Birth> birth_of(
    const ModelEndpoint& endpoint, const ModelEvent& event
) {
  if (!matches(endpoint, event) || endpoint.filter == kFilterDrops) return std::nullopt;
  if (endpoint.filter == kFilterEven && number_in(event.data) % 2 != 0) return std::nullopt;
  return Birth{line_of(endpoint, event.ordering_key), endpoint.filter == kFilterBreaks};
}

/// An event that was replayed for all that wanted it then.
struct ModelReplay {
  std::int64_t event = 0;
  std::set<std::int64_t> wanting;
};

/// What the commands of one commit explain.
struct GroupNotes {
  std::set<std::int64_t> replayed;
  std::set<std::int64_t> retried;
  std::set<std::int64_t> cancelled;
  std::set<std::int64_t> discarded;
  std::set<std::int64_t> endpoints;                          ///< that an operator changed
  std::map<std::int64_t, std::optional<std::string>> lines;  ///< of deliveries that replays made
  std::vector<ModelReplay> replays;
  bool task = false;
  bool sweep = false;
  bool prune = false;
  WallTime prune_before;
  Millis hold_disabled{0};

  [[nodiscard]] bool touches(std::int64_t delivery) const {
    return task || sweep || replayed.contains(delivery) || retried.contains(delivery) ||
           cancelled.contains(delivery) || discarded.contains(delivery);
  }
};

}  // namespace postrider::sim
