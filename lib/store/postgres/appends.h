// Buffers events and deliveries that a transaction inserts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "store/postgres/pg_params.h"
#include "store/records.h"

namespace postrider::postgres {

class Connection;

/// The rows that a transaction will insert, column by column. Two statements insert them, however
/// many events there are.
class Appends {
 public:
  void add_event(std::int64_t id, const EventDraft& draft, WallTime now);
  /// Returns the delivery as it will be stored.
  AppendedDelivery add_delivery(
      std::int64_t id, EventId event, const Target& target, const EventDraft& draft, WallTime now
  );
  /// Adds the rows of `later`.
  void merge(const Appends& later);
  void clear() { *this = {}; }

  [[nodiscard]] bool empty() const {
    return events_.ids.size() == 0 && deliveries_.ids.size() == 0;
  }
  /// Returns the size of the events' data.
  [[nodiscard]] std::size_t bytes() const { return events_.data.bytes(); }

  /// Queues the insertions. They fail if the event or the endpoint of a delivery does not exist.
  void queue(Connection& db) const;

 private:
  using OptionalText = std::optional<std::string_view>;

  struct Events {
    Array<std::int64_t> ids;
    Array<WallTime> created_at;
    Array<std::optional<WallTime>> deliver_at;
    Array<std::optional<WallTime>> expires_at;
    Array<std::string_view> tenants;
    Array<std::string_view> types;
    Array<OptionalText> ordering_keys;
    Array<OptionalText> channels;
    Array<OptionalText> traceparents;
    Array<OptionalText> tracestates;
    Array<OptionalText> metadata;
    Array<std::string_view> data;
  };
  struct Deliveries {
    Array<std::int64_t> ids;
    Array<EventId> events;
    Array<EndpointId> endpoints;
    Array<WallTime> due_at;
    Array<std::optional<WallTime>> expires_at;
    Array<OptionalText> lane_keys;
  };

  Events events_;
  Deliveries deliveries_;
};

}  // namespace postrider::postgres
