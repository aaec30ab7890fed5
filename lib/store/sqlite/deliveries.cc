// Settling, and people's changes of single deliveries.
#include <variant>

#include "store/sqlite/rows.h"
#include "store/sqlite/sql_deliveries.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::sqlite {
namespace {

int read_number(const Row& row) { return row.i32(0); }

}  // namespace

Result<std::optional<int>> SqliteStore::apply_next_state(
    const Settlement& settlement, WallTime now
) {
  const DeliveryId id = settlement.delivery;
  if (std::holds_alternative<Delivered>(settlement.next))
    return db_->one(sql::kSettleDelivered, read_number, now, id);
  if (const auto* retry = std::get_if<RetryAt>(&settlement.next))
    return db_->one(sql::kSettleRetry, read_number, retry->due_at, id, settlement.round);
  const auto reason = to_string(std::get<Dead>(settlement.next).reason);
  return db_->one(sql::kSettleDead, read_number, reason, now, id, settlement.round);
}

Result<Settled> SqliteStore::settle_one(const Settlement& settlement, WallTime now) {
  if (auto status = record_sent(settlement, now); !status)
    return tl::unexpected<Error>(status.error());
  auto number = apply_next_state(settlement, now);
  if (!number) return tl::unexpected<Error>(number.error());
  Settled settled{.applied = number->has_value(), .attempt = {}, .number = 0};
  if (!settled.applied) {
    number = db_->one(sql::kSettleLate, read_number, settlement.delivery);
    if (!number) return tl::unexpected<Error>(number.error());
    // Retention has removed the delivery: there is nothing to record the attempt with.
    if (!*number) return settled;
  }
  const auto id = draw_id(now);
  if (!id) return tl::unexpected<Error>(id.error());
  settled.attempt = {*id};
  settled.number = **number;
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
  return settled;
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
  const auto found = db_->one(
      sql::kDelivery, [](const Row& row) { return read_delivery(row); }, id
  );
  if (!found) return tl::unexpected<Error>(found.error());
  if (!*found) return fail(Errc::kNotFound, "no such delivery");
  return **found;
}

Status SqliteStore::change_delivery(const Delivery& delivery) {
  std::optional<std::string_view> reason;
  if (delivery.dead_reason) reason = to_string(*delivery.dead_reason);
  auto status = db_->run(
      sql::kChangeDelivery,
      to_string(delivery.state),
      delivery.due_at,
      delivery.schedule_attempts_count,
      reason,
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
