// Sweeps and long scans, with a bounded number of rows per call.
#include "base/limits.h"
#include "store/cursors.h"
#include "store/list_filters.h"
#include "store/rows.h"
#include "store/sqlite/sql_deliveries.h"
#include "store/sqlite/sql_lists.h"
#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::sqlite {
namespace {

Delivery read_swept(const Row& row) { return read_delivery(row); }

EndpointId read_endpoint_id(const Row& row) { return {row.i64(0)}; }

}  // namespace

Result<std::vector<Delivery>> SqliteStore::expire(WallTime now, std::size_t rows_max) {
  return db_->all(sql::kExpire, read_swept, now, rows_max);
}

Result<std::vector<Delivery>> SqliteStore::cancel_deleted(WallTime now, std::size_t rows_max) {
  return db_->all(sql::kCancelDeleted, read_swept, now, rows_max);
}

Result<std::vector<Delivery>> SqliteStore::expire_waiting(
    EndpointId endpoint, WallTime due_until, WallTime now, std::size_t rows_max
) {
  return db_->all(sql::kExpireWaiting, read_swept, now, endpoint, due_until, rows_max);
}

// The indexes of an endpoint's pending deliveries are ordered by due instant or by ordering key,
// not by creation. The pass therefore also examines rows that stay, and `sweep_` is its position.
Result<std::vector<Delivery>> SqliteStore::expire_disabled(
    WallTime disabled_before, WallTime now, std::size_t rows_max
) {
  const auto endpoints =
      db_->all(sql::kEndpointsDisabledBefore, read_endpoint_id, sweep_.endpoint, disabled_before);
  if (!endpoints) return tl::unexpected<Error>(endpoints.error());
  Swept swept{.rows_max = rows_max, .found = {}};
  for (const EndpointId endpoint : *endpoints) {
    if (auto looked = sweep_endpoint(endpoint, disabled_before, swept); !looked)
      return tl::unexpected<Error>(looked.error());
    if (swept.ended) break;
  }
  if (!swept.ended) sweep_ = {};
  std::vector<Delivery> dead;
  for (const DeliveryId id : swept.found) {
    const auto row = db_->one(sql::kExpireOneDisabled, read_swept, now, id);
    if (!row) return tl::unexpected<Error>(row.error());
    if (*row) dead.push_back(**row);
  }
  return dead;
}

Status SqliteStore::sweep_endpoint(EndpointId endpoint, WallTime created_before, Swept& swept) {
  if (endpoint != sweep_.endpoint) sweep_ = {.endpoint = endpoint, .lane_key = {}};
  if (!sweep_.in_lines) {
    auto rows = db_->query(sql::kPendingAfter, endpoint, sweep_.due_at_ms, sweep_.id);
    while (!swept.ended && rows.next()) {
      sweep_.due_at_ms = rows.row().i64(0);
      sweep_row(rows.row().i64(1), created_before, swept);
    }
    if (!rows.ok()) return rows.error();
    if (swept.ended) return {};
    sweep_.in_lines = true;
    sweep_.id = 0;
  }
  auto rows = db_->query(sql::kOrderedPendingAfter, endpoint, sweep_.lane_key, sweep_.id);
  while (!swept.ended && rows.next()) {
    sweep_.lane_key = rows.row().text(0);
    sweep_row(rows.row().i64(1), created_before, swept);
  }
  if (!rows.ok()) return rows.error();
  return {};
}

void SqliteStore::sweep_row(std::int64_t id, WallTime created_before, Swept& swept) {
  sweep_.id = id;
  if (id < first_id_at(created_before)) swept.found.push_back({id});
  swept.ended =
      swept.found.size() == swept.rows_max || ++swept.looked_at == limits::kListScanRowsMax;
}

Result<DeliveryChunk> SqliteStore::dead_letters_from(
    const DeadLetterFilter& filter, std::size_t rows_max, std::string& cursor
) {
  const std::int64_t since = filter.since ? unix_ms(*filter.since) : 0;
  const std::int64_t until = filter.until ? unix_ms(*filter.until) : kIdMax;
  auto place = position_at(cursor, {.at_ms = since, .id = 0});
  if (!place) return tl::unexpected<Error>(place.error());
  DeliveryChunk chunk;
  std::size_t looked_at = 0;
  {
    auto rows =
        filter.endpoint
            ? db_->query(
                  sql::kDeadOfEndpointFrom,
                  *filter.endpoint,
                  place->at_ms,
                  place->id,
                  until,
                  limits::kListScanRowsMax
              )
            : db_->query(
                  sql::kDeadOfAllFrom, place->at_ms, place->id, until, limits::kListScanRowsMax
              );
    while (chunk.rows.size() < rows_max && rows.next()) {
      DeliveryView view = read_delivery_view(rows.row());
      *place = place_of(view.delivery);
      ++looked_at;
      if (is_wanted(filter, view)) chunk.rows.push_back(std::move(view.delivery));
    }
    if (!rows.ok()) return rows.error();
  }
  chunk.done = chunk.rows.size() < rows_max && looked_at < limits::kListScanRowsMax;
  cursor = position_cursor(*place);
  return chunk;
}

}  // namespace postrider::sqlite
