// Appending: events, idempotency keys, the outbox.
#include <algorithm>
#include <utility>

#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/sql_deliveries.h"
#include "store/postgres/sql_events.h"
#include "store/rows.h"

namespace postrider::postgres {
namespace {

/// Rows of one outbox() hold no more than this besides the first: producers may insert anything.
constexpr std::size_t kOutboxBytesMax = 16U << 20U;

using OptionalText = std::optional<std::string_view>;

/// Columns of events that one statement inserts.
struct EventColumns {
  Array<std::int64_t> ids;
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

  void add(std::int64_t id, const EventDraft& draft) {
    const std::string encoded_channels = encode_channels(draft.channels);
    ids.add(id);
    deliver_at.add(draft.deliver_at);
    expires_at.add(draft.expires_at);
    tenants.add(draft.tenant);
    types.add(draft.type);
    ordering_keys.add(or_null(draft.ordering_key));
    channels.add(or_null(encoded_channels));
    traceparents.add(or_null(draft.traceparent));
    tracestates.add(or_null(draft.tracestate));
    metadata.add(or_null(draft.metadata));
    data.add(draft.data);
  }

  void queue(Connection& db, WallTime now) const {
    db.queue(
        sql::kInsertEvents,
        now,
        ids,
        deliver_at,
        expires_at,
        tenants,
        types,
        ordering_keys,
        channels,
        traceparents,
        tracestates,
        metadata,
        data
    );
  }
};

/// Columns of deliveries that one statement inserts.
struct DeliveryColumns {
  Array<std::int64_t> ids;
  Array<EventId> events;
  Array<EndpointId> endpoints;
  Array<WallTime> due_at;
  Array<std::optional<WallTime>> expires_at;
  Array<OptionalText> lane_keys;

  AppendedDelivery add(
      std::int64_t id, EventId event, const Target& target, const EventDraft& draft, WallTime due
  ) {
    ids.add(id);
    events.add(event);
    endpoints.add(target.endpoint);
    due_at.add(due);
    expires_at.add(draft.expires_at);
    lane_keys.add(lane_key_of(target.ordering, draft.ordering_key));
    return {.id = {id}, .endpoint = target.endpoint, .due_at = due};
  }

  /// With what is queued before it.
  [[nodiscard]] Status insert(Connection& db) const {
    const auto inserted =
        db.query(sql::kInsertDeliveries, ids, events, endpoints, due_at, expires_at, lane_keys);
    if (!inserted) return tl::unexpected<Error>(inserted.error());
    if (inserted->changes() != ids.size())
      return fail(Errc::kInternal, "the event or the endpoint of a delivery does not exist");
    return {};
  }
};

}  // namespace

Result<std::vector<Appended>> PgStore::append(std::span<const NewEvent> events, WallTime now) {
  std::vector<Appended> appended;
  appended.reserve(events.size());
  if (events.empty()) return appended;
  EventColumns event_columns;
  DeliveryColumns delivery_columns;
  for (const auto& [draft, targets] : events) {
    Appended one{.id = {draw_id(now)}, .created_at = now, .deliveries = {}};
    event_columns.add(one.id.value, draft);
    const WallTime due_at = std::max(now, draft.deliver_at.value_or(now));
    one.deliveries.reserve(targets.size());
    for (const Target& target : targets)
      one.deliveries.push_back(delivery_columns.add(draw_id(now), one.id, target, draft, due_at));
    appended.push_back(std::move(one));
  }
  event_columns.queue(*db_, now);
  const Status inserted = delivery_columns.ids.size() > 0 ? delivery_columns.insert(*db_)
                                                          : db_->exchange().map([](const auto&) {});
  return inserted.map([&] { return std::move(appended); });
}

Result<AppendedDelivery> PgStore::add_delivery(
    const Event& event, const Target& target, WallTime now
) {
  const WallTime due_at = std::max(now, event.deliver_at.value_or(now));
  DeliveryColumns columns;
  const AppendedDelivery added = columns.add(draw_id(now), event.id, target, event, due_at);
  return columns.insert(*db_).map([&] { return added; });
}

Result<Event> PgStore::event(EventId id) {
  if (auto status = ready(); !status) return tl::unexpected<Error>(status.error());
  const auto read = [](const Row& row) { return read_event(row, WithData::kYes); };
  return needed(db_->one(sql::kEvent, read, id), "no such event");
}

Result<std::optional<IdempotencyRecord>> PgStore::idempotency(
    std::string_view tenant, std::string_view key
) {
  if (auto status = ready(); !status) return tl::unexpected<Error>(status.error());
  return db_->one(sql::kIdempotency, read_idempotency<Row>, tenant, key);
}

Status PgStore::put_idempotency(
    std::string_view tenant, std::string_view key, const IdempotencyRecord& record, WallTime now
) {
  return db_->run(
      sql::kInsertIdempotency, tenant, key, now, Blob{record.body_sha256}, Blob{record.answer}
  );
}

Result<std::vector<OutboxRow>> PgStore::outbox(std::size_t rows_max) {
  if (auto status = ready(); !status) return tl::unexpected<Error>(status.error());
  return db_->all(sql::kOutbox, read_outbox_row<Row>, rows_max, kOutboxBytesMax);
}

Status PgStore::remove_outbox(std::int64_t row) { return db_->run(sql::kDeleteOutbox, row); }

Status PgStore::reject_outbox(std::int64_t row, std::string_view reason, WallTime now) {
  db_->queue(sql::kRejectOutbox, reason, now, row);
  return db_->run(sql::kDeleteOutbox, row);
}

}  // namespace postrider::postgres
