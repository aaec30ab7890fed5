// Endpoints by the instant at which the engine looks at them next.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "domain/id.h"

namespace postrider {

/// Holds at most one instant per endpoint, earliest first. Equal instants are ordered by id, so
/// that a simulated run can be repeated.
template <class Time>
class TimerQueue {
 public:
  /// Replaces the endpoint's instant, or removes it when `at` is empty.
  void set(EndpointId id, std::optional<Time> at) {
    const auto found = at_.find(id.value);
    if (found != at_.end()) {
      if (at && *at == found->second) return;
      order_.erase({found->second, id.value});
      at_.erase(found);
    }
    if (!at) return;
    at_.emplace(id.value, *at);
    order_.emplace(*at, id.value);
  }

  /// Removes and returns the endpoints whose instant is not after `now`.
  [[nodiscard]] std::vector<EndpointId> take_due(Time now) {
    std::vector<EndpointId> due;
    while (!order_.empty() && order_.begin()->first <= now) {
      due.push_back(EndpointId{order_.begin()->second});
      at_.erase(order_.begin()->second);
      order_.erase(order_.begin());
    }
    return due;
  }

  [[nodiscard]] std::optional<Time> earliest() const {
    if (order_.empty()) return std::nullopt;
    return order_.begin()->first;
  }

 private:
  std::set<std::pair<Time, std::int64_t>> order_;
  std::unordered_map<std::int64_t, Time> at_;
};

}  // namespace postrider
