// Appends events; reads and writes idempotency keys and the outbox.
#include <algorithm>

#include "store/rows.h"
#include "store/sqlite/sql_deliveries.h"
#include "store/sqlite/sql_events.h"
#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::sqlite {
namespace {

/// outbox() adds no further row once its rows have this many bytes: producers may insert rows of
/// any size.
constexpr std::size_t kOutboxBytesMax = 16U << 20U;

std::size_t bytes_of(const OutboxRow& row) {
  std::size_t bytes = 0;
  for (const auto* member : {&row.data, &row.channels, &row.metadata})
    bytes += *member ? (*member)->size() : 0;
  return bytes;
}

}  // namespace

Result<AppendedDelivery> SqliteStore::insert_delivery(
    EventId event, const Target& target, const EventDraft& draft, WallTime due_at, WallTime now
) {
  const auto id = draw_id(now);
  if (!id) return tl::unexpected<Error>(id.error());
  const DeliveryId delivery{*id};
  auto status = db_->run(
      sql::kInsertDelivery,
      delivery,
      event,
      target.endpoint,
      due_at,
      draft.expires_at,
      lane_key_of(target.ordering, draft.ordering_key)
  );
  if (!status) return tl::unexpected<Error>(status.error());
  return AppendedDelivery{.id = delivery, .endpoint = target.endpoint, .due_at = due_at};
}

Result<Appended> SqliteStore::append_one(const NewEvent& event, WallTime now) {
  const EventDraft& draft = event.draft;
  const auto id = draw_id(now);
  if (!id) return tl::unexpected<Error>(id.error());
  Appended appended{.id = {*id}, .created_at = now, .deliveries = {}};
  const std::string channels = encode_channels(draft.channels);
  auto status = db_->run(
      sql::kInsertEvent,
      *id,
      draft.tenant,
      draft.type,
      now,
      draft.deliver_at,
      draft.expires_at,
      or_null(draft.ordering_key),
      or_null(channels),
      or_null(draft.traceparent),
      or_null(draft.tracestate),
      or_null(draft.metadata),
      draft.data
  );
  if (!status) return tl::unexpected<Error>(status.error());
  const WallTime due_at = std::max(now, draft.deliver_at.value_or(now));
  appended.deliveries.reserve(event.targets.size());
  for (const Target& target : event.targets) {
    auto delivery = insert_delivery(appended.id, target, draft, due_at, now);
    if (!delivery) return tl::unexpected<Error>(delivery.error());
    appended.deliveries.push_back(*delivery);
  }
  return appended;
}

Result<std::vector<Appended>> SqliteStore::append(std::span<const NewEvent> events, WallTime now) {
  std::vector<Appended> appended;
  appended.reserve(events.size());
  for (const NewEvent& event : events) {
    auto one = append_one(event, now);
    if (!one) return tl::unexpected<Error>(one.error());
    appended.push_back(std::move(*one));
  }
  return appended;
}

Result<AppendedDelivery> SqliteStore::add_delivery(
    const Event& event, const Target& target, WallTime now
) {
  const WallTime due_at = std::max(now, event.deliver_at.value_or(now));
  return insert_delivery(event.id, target, event, due_at, now);
}

Result<Event> SqliteStore::event(EventId id) {
  const auto read = [](const Row& row) { return read_event(row, WithData::kYes); };
  return require_row(db_->one(sql::kEvent, read, id), "no such event");
}

Result<std::optional<IdempotencyRecord>> SqliteStore::idempotency(
    std::string_view tenant, std::string_view key
) {
  return db_->one(sql::kIdempotency, read_idempotency<Row>, tenant, key);
}

Status SqliteStore::put_idempotency(
    std::string_view tenant, std::string_view key, const IdempotencyRecord& record, WallTime now
) {
  return db_->run(
      sql::kInsertIdempotency, tenant, key, now, Blob{record.body_sha256}, Blob{record.answer}
  );
}

Result<std::vector<OutboxRow>> SqliteStore::outbox(std::size_t rows_max) {
  std::vector<OutboxRow> found;
  std::size_t bytes = 0;
  auto rows = db_->query(sql::kOutbox, rows_max);
  while (bytes < kOutboxBytesMax && rows.next()) {
    found.push_back(read_outbox_row(rows.row()));
    bytes += bytes_of(found.back());
  }
  if (!rows.ok()) return rows.error();
  return found;
}

Status SqliteStore::remove_outbox(std::int64_t row) { return db_->run(sql::kDeleteOutbox, row); }

Status SqliteStore::reject_outbox(std::int64_t row, std::string_view reason, WallTime now) {
  return db_->run(sql::kRejectOutbox, reason, now, row).and_then([&] {
    return db_->run(sql::kDeleteOutbox, row);
  });
}

}  // namespace postrider::sqlite
