// Settles deliveries, and changes single deliveries for people.
#include <variant>

#include "store/rows.h"
#include "store/sqlite/sql_deliveries.h"
#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::sqlite {
namespace {

/// The members of a delivery that settling reads.
struct SettleState {
  bool pending = false;
  int round = 0;
  int attempts_count = 0;
};

SettleState read_settle_state(const Row& row) { return {row.boolean(0), row.i32(1), row.i32(2)}; }

/// A 2xx applies in any round, because the receiver has the event.
bool applies(const Settlement& settlement, const SettleState& state) {
  return state.pending &&
         (std::holds_alternative<Delivered>(settlement.next) || settlement.round == state.round);
}

}  // namespace

Status SqliteStore::apply_next_state(
    const Settlement& settlement, int attempts_count, WallTime now
) {
  const DeliveryId id = settlement.delivery;
  if (std::holds_alternative<Delivered>(settlement.next))
    return db_->run(sql::kSettleDelivered, now, id, attempts_count);
  if (const auto* retry = std::get_if<RetryAt>(&settlement.next))
    return db_->run(sql::kSettleRetry, retry->due_at, id);
  const auto reason = to_string(std::get<Dead>(settlement.next).reason);
  return db_->run(sql::kSettleDead, reason, now, id);
}

Result<Settled> SqliteStore::count_attempt(const Settlement& settlement, WallTime now) {
  const DeliveryId id = settlement.delivery;
  Settled settled;
  if (std::holds_alternative<Delivered>(settlement.next)) {
    const Status done = apply_next_state(settlement, settlement.attempts_count, now);
    if (!done) return tl::unexpected<Error>(done.error());
    if (db_->changes() == 1) {
      settled.applied = true;
      settled.number = settlement.attempts_count + 1;
      return settled;
    }
  }
  const auto state = db_->one(sql::kStanding, read_settle_state, id);
  if (!state) return tl::unexpected<Error>(state.error());
  // Retention has removed the delivery, so the attempt is not recorded.
  if (!*state) return settled;
  settled.applied = applies(settlement, **state);
  settled.number = (*state)->attempts_count + 1;
  const Status counted = settled.applied
                             ? apply_next_state(settlement, (*state)->attempts_count, now)
                             : db_->run(sql::kSettleLate, id);
  if (!counted) return tl::unexpected<Error>(counted.error());
  return settled;
}

Result<Settled> SqliteStore::settle_one(const Settlement& settlement, WallTime now) {
  if (auto status = record_sent(settlement, now); !status)
    return tl::unexpected<Error>(status.error());
  auto counted = count_attempt(settlement, now);
  if (!counted || counted->number == 0) return counted;
  Settled& settled = *counted;
  const auto id = draw_id(now);
  if (!id) return tl::unexpected<Error>(id.error());
  settled.attempt = {*id};
  const Attempt& attempt = settlement.attempt;
  auto status = db_->run(
      sql::kInsertAttempt,
      settlement.delivery,
      settled.number,
      settled.attempt,
      attempt.started_at,
      attempt.duration,
      attempt.status,
      to_string(attempt.outcome),
      or_null(attempt.error),
      blob_or_null(attempt.response_excerpt)
  );
  if (!status) return tl::unexpected<Error>(status.error());
  return counted;
}

Result<std::vector<Settled>> SqliteStore::settle(
    std::span<const Settlement> settlements, WallTime now
) {
  std::vector<Settled> settled;
  settled.reserve(settlements.size());
  for (const Settlement& settlement : settlements) {
    auto one = settle_one(settlement, now);
    if (!one) return tl::unexpected<Error>(one.error());
    settled.push_back(*one);
  }
  return settled;
}

Result<Delivery> SqliteStore::delivery(DeliveryId id) {
  const auto read = [](const Row& row) { return read_delivery(row); };
  return require_row(db_->one(sql::kDelivery, read, id), "no such delivery");
}

Status SqliteStore::change_delivery(const Delivery& delivery) {
  auto status = db_->run(
      sql::kChangeDelivery,
      to_string(delivery.state),
      delivery.due_at,
      delivery.schedule_attempts_count,
      name_or_null(delivery.dead_reason),
      delivery.finished_at,
      delivery.discarded,
      delivery.id
  );
  if (status && db_->changes() == 0) return fail(Errc::kNotFound, "no such delivery");
  return status;
}

Result<std::optional<Delivery>> SqliteStore::find_delivery(EventId event, EndpointId endpoint) {
  return db_->one(
      sql::kDeliveryOf, [](const Row& row) { return read_delivery(row); }, event, endpoint
  );
}

}  // namespace postrider::sqlite
