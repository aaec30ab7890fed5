// What producers and operators were promised: the simulator's own books.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace postrider::sim {

struct ModelEndpoint {
  std::int64_t id = 0;
  std::string tenant;
  std::vector<std::string> event_types;
  std::vector<std::string> channels;
  std::string payload;
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

/// The line that a delivery joins when it is made, by the words of api.md.
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

/// Whether the endpoint wants the event, by the words of api.md.
[[nodiscard]] inline bool wants(const ModelEndpoint& endpoint, const ModelEvent& event) {
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

/// What the commands of one commit explain.
struct GroupNotes {
  std::set<std::int64_t> replayed;
  std::set<std::int64_t> retried;
  std::set<std::int64_t> cancelled;
  std::set<std::int64_t> discarded;
  std::set<std::int64_t> endpoints;                          ///< that an operator changed
  std::map<std::int64_t, std::optional<std::string>> lines;  ///< of deliveries that replays made
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
