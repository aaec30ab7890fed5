#include "store/postgres/appends.h"

#include <algorithm>
#include <string>

#include "store/postgres/pg_connection.h"
#include "store/postgres/sql_deliveries.h"
#include "store/postgres/sql_events.h"

namespace postrider::postgres {

void Appends::add_event(std::int64_t id, const EventDraft& draft, WallTime now) {
  const std::string encoded_channels = encode_channels(draft.channels);
  events_.ids.add(id);
  events_.created_at.add(now);
  events_.deliver_at.add(draft.deliver_at);
  events_.expires_at.add(draft.expires_at);
  events_.tenants.add(draft.tenant);
  events_.types.add(draft.type);
  events_.ordering_keys.add(or_null(draft.ordering_key));
  events_.channels.add(or_null(encoded_channels));
  events_.traceparents.add(or_null(draft.traceparent));
  events_.tracestates.add(or_null(draft.tracestate));
  events_.metadata.add(or_null(draft.metadata));
  events_.data.add(draft.data);
}

AppendedDelivery Appends::add_delivery(
    std::int64_t id, EventId event, const Target& target, const EventDraft& draft, WallTime now
) {
  const WallTime due_at = std::max(now, draft.deliver_at.value_or(now));
  deliveries_.ids.add(id);
  deliveries_.events.add(event);
  deliveries_.endpoints.add(target.endpoint);
  deliveries_.due_at.add(due_at);
  deliveries_.expires_at.add(draft.expires_at);
  deliveries_.lane_keys.add(lane_key_of(target.ordering, draft.ordering_key));
  return {.id = {id}, .endpoint = target.endpoint, .due_at = due_at};
}

void Appends::merge(const Appends& later) {
  events_.ids.add_all(later.events_.ids);
  events_.created_at.add_all(later.events_.created_at);
  events_.deliver_at.add_all(later.events_.deliver_at);
  events_.expires_at.add_all(later.events_.expires_at);
  events_.tenants.add_all(later.events_.tenants);
  events_.types.add_all(later.events_.types);
  events_.ordering_keys.add_all(later.events_.ordering_keys);
  events_.channels.add_all(later.events_.channels);
  events_.traceparents.add_all(later.events_.traceparents);
  events_.tracestates.add_all(later.events_.tracestates);
  events_.metadata.add_all(later.events_.metadata);
  events_.data.add_all(later.events_.data);
  deliveries_.ids.add_all(later.deliveries_.ids);
  deliveries_.events.add_all(later.deliveries_.events);
  deliveries_.endpoints.add_all(later.deliveries_.endpoints);
  deliveries_.due_at.add_all(later.deliveries_.due_at);
  deliveries_.expires_at.add_all(later.deliveries_.expires_at);
  deliveries_.lane_keys.add_all(later.deliveries_.lane_keys);
}

void Appends::queue(Connection& db) const {
  if (events_.ids.size() > 0) {
    db.queue(
        sql::kInsertEvents,
        events_.ids,
        events_.created_at,
        events_.deliver_at,
        events_.expires_at,
        events_.tenants,
        events_.types,
        events_.ordering_keys,
        events_.channels,
        events_.traceparents,
        events_.tracestates,
        events_.metadata,
        events_.data
    );
  }
  if (deliveries_.ids.size() > 0) {
    db.queue(
        sql::kInsertDeliveries,
        deliveries_.ids,
        deliveries_.events,
        deliveries_.endpoints,
        deliveries_.due_at,
        deliveries_.expires_at,
        deliveries_.lane_keys
    );
  }
}

}  // namespace postrider::postgres
