// Appends events; reads and writes idempotency keys and the outbox.
#include <utility>

#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/sql_events.h"
#include "store/postgres/transaction.h"
#include "store/rows.h"

namespace postrider::postgres {
namespace {

/// outbox() adds no further row once its rows have this many bytes: producers may insert rows of
/// any size.
constexpr std::size_t kOutboxBytesMax = 16U << 20U;

}  // namespace

Result<std::vector<Appended>> PgStore::append(std::span<const NewEvent> events, WallTime now) {
  std::vector<Appended> appended;
  if (auto open = transaction_->check_open(); !open) return tl::unexpected<Error>(open.error());
  appended.reserve(events.size());
  for (const auto& [draft, targets] : events) {
    Appended one{.id = {draw_id(now)}, .created_at = now, .deliveries = {}};
    transaction_->appends().add_event(one.id.value, draft, now);
    one.deliveries.reserve(targets.size());
    for (const Target& target : targets) {
      const std::int64_t id = draw_id(now);
      auto delivery = transaction_->appends().add_delivery(id, one.id, target, draft, now);
      one.deliveries.push_back(std::move(delivery));
    }
    appended.push_back(std::move(one));
  }
  if (auto sent = transaction_->send_many(); !sent) return tl::unexpected<Error>(sent.error());
  return appended;
}

Result<AppendedDelivery> PgStore::add_delivery(
    const Event& event, const Target& target, WallTime now
) {
  if (auto open = transaction_->check_open(); !open) return tl::unexpected<Error>(open.error());
  const std::int64_t id = draw_id(now);
  return transaction_->appends().add_delivery(id, event.id, target, event, now);
}

Result<Event> PgStore::event(EventId id) {
  if (auto status = ready(); !status) return tl::unexpected<Error>(status.error());
  const auto read = [](const Row& row) { return read_event(row, WithData::kYes); };
  return require_row(db_->one(sql::kHoldEvent, read, id), "no such event");
}

Result<std::optional<IdempotencyRecord>> PgStore::idempotency(
    std::string_view tenant, std::string_view key
) {
  if (auto status = ready(); !status) return tl::unexpected<Error>(status.error());
  // The lock is a statement of its own, so that the read sees what was committed while the lock was
  // awaited.
  db_->queue(sql::kHoldIdempotencyKey, tenant, key);
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

Status PgStore::remove_outbox(std::int64_t row) {
  const auto removed = db_->query(sql::kDeleteOutbox, row);
  if (!removed) return tl::unexpected<Error>(removed.error());
  if (removed->changes() == 0)
    return fail(Errc::kBusy, "another node has taken up a row of the outbox");
  return {};
}

Status PgStore::reject_outbox(std::int64_t row, std::string_view reason, WallTime now) {
  db_->queue(sql::kRejectOutbox, reason, now, row);
  return remove_outbox(row);
}

}  // namespace postrider::postgres
