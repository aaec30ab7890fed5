// Sweeps and long scans, with a bounded number of rows per call.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/limits.h"
#include "store/cursors.h"
#include "store/list_filters.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/sql_deliveries.h"
#include "store/postgres/sql_lists.h"
#include "store/rows.h"

namespace postrider::postgres {
namespace {

/// The most rows of one statement in a scan that may examine many.
constexpr std::size_t kPartRowsMax = 1000;
constexpr std::size_t kScanRowsMax = limits::kListScanRowsMax;

Delivery read_swept(const Row& row) { return read_delivery(row); }

}  // namespace

Result<std::vector<Delivery>> PgStore::expire(WallTime now, std::size_t rows_max) {
  return db_->all(sql::kExpire, read_swept, now, rows_max);
}

Result<std::vector<Delivery>> PgStore::cancel_deleted(WallTime now, std::size_t rows_max) {
  return db_->all(sql::kCancelDeleted, read_swept, now, rows_max);
}

Result<std::vector<Delivery>> PgStore::expire_waiting(
    EndpointId endpoint, WallTime due_until, WallTime now, std::size_t rows_max
) {
  return db_->all(sql::kExpireWaiting, read_swept, now, endpoint, due_until, rows_max);
}

// The indexes of an endpoint's pending deliveries are ordered by due instant or by ordering key,
// not by creation. The pass therefore also examines rows that stay, and `sweep_` is its position.
Result<std::vector<Delivery>> PgStore::expire_disabled(
    WallTime disabled_before, WallTime now, std::size_t rows_max
) {
  const auto endpoints = db_->all(
      sql::kEndpointsDisabledBefore,
      [](const Row& row) { return EndpointId{row.i64(0)}; },
      sweep_.endpoint,
      disabled_before
  );
  if (!endpoints) return tl::unexpected<Error>(endpoints.error());
  Swept swept{.rows_max = rows_max, .found = {}};
  for (const EndpointId endpoint : *endpoints) {
    if (auto looked = sweep_endpoint(endpoint, disabled_before, swept); !looked)
      return tl::unexpected<Error>(looked.error());
    if (swept.ended) break;
  }
  if (!swept.ended) sweep_ = {};
  if (swept.found.empty()) return std::vector<Delivery>{};
  Array<DeliveryId> ids;
  for (const DeliveryId id : swept.found) ids.add(id);
  return db_->all(sql::kExpireDisabled, read_swept, now, ids);
}

Status PgStore::sweep_endpoint(EndpointId endpoint, WallTime created_before, Swept& swept) {
  if (endpoint != sweep_.endpoint) sweep_ = {.endpoint = endpoint, .lane_key = {}};
  while (!swept.ended) {
    const auto more =
        sweep_.in_lines ? sweep_lines(created_before, swept) : sweep_free(created_before, swept);
    if (!more) return tl::unexpected<Error>(more.error());
    if (*more) continue;
    if (sweep_.in_lines) return {};
    sweep_.in_lines = true;
    sweep_.id = 0;
  }
  return {};
}

Result<bool> PgStore::sweep_free(WallTime created_before, Swept& swept) {
  const auto rows =
      db_->query(sql::kPendingAfter, sweep_.endpoint, sweep_.due_at_ms, sweep_.id, kPartRowsMax);
  if (!rows) return tl::unexpected<Error>(rows.error());
  for (int i = 0; i < rows->size() && !swept.ended; ++i) {
    sweep_.due_at_ms = rows->row(i).i64(0);
    sweep_row(rows->row(i).i64(1), created_before, swept);
  }
  return swept.ended || std::cmp_equal(rows->size(), kPartRowsMax);
}

Result<bool> PgStore::sweep_lines(WallTime created_before, Swept& swept) {
  const auto rows = db_->query(
      sql::kOrderedPendingAfter, sweep_.endpoint, sweep_.lane_key, sweep_.id, kPartRowsMax
  );
  if (!rows) return tl::unexpected<Error>(rows.error());
  for (int i = 0; i < rows->size() && !swept.ended; ++i) {
    sweep_.lane_key = rows->row(i).text(0);
    sweep_row(rows->row(i).i64(1), created_before, swept);
  }
  return swept.ended || std::cmp_equal(rows->size(), kPartRowsMax);
}

void PgStore::sweep_row(std::int64_t id, WallTime created_before, Swept& swept) {
  sweep_.id = id;
  if (id < first_id_at(created_before)) swept.found.push_back({id});
  swept.ended = swept.found.size() == swept.rows_max || ++swept.looked_at == kScanRowsMax;
}

Result<DeliveryChunk> PgStore::dead_letters_from(
    const DeadLetterFilter& filter, std::size_t rows_max, std::string& cursor
) {
  if (auto status = ready(); !status) return tl::unexpected<Error>(status.error());
  const std::int64_t since = filter.since ? unix_ms(*filter.since) : 0;
  const std::int64_t until = filter.until ? unix_ms(*filter.until) : kIdMax;
  auto place = position_at(cursor, {.at_ms = since, .id = 0});
  if (!place) return tl::unexpected<Error>(place.error());
  DeliveryChunk chunk;
  std::size_t looked_at = 0;
  while (!chunk.done && chunk.rows.size() < rows_max && looked_at < kScanRowsMax) {
    const std::size_t part = std::min(kPartRowsMax, kScanRowsMax - looked_at);
    auto views =
        filter.endpoint
            ? db_->all(
                  sql::kDeadOfEndpointFrom,
                  read_delivery_view<Row>,
                  *filter.endpoint,
                  place->at_ms,
                  place->id,
                  until,
                  part
              )
            : db_->all(
                  sql::kDeadOfAllFrom, read_delivery_view<Row>, place->at_ms, place->id, until, part
              );
    if (!views) return tl::unexpected<Error>(views.error());
    std::size_t taken = 0;
    for (; taken < views->size() && chunk.rows.size() < rows_max; ++taken) {
      DeliveryView& view = (*views)[taken];
      *place = place_of(view.delivery);
      if (is_wanted(filter, view)) chunk.rows.push_back(std::move(view.delivery));
    }
    looked_at += taken;
    chunk.done = taken < part && taken == views->size() && chunk.rows.size() < rows_max;
  }
  if (auto held = hold(chunk.rows); !held) return tl::unexpected<Error>(held.error());
  cursor = position_cursor(*place);
  return chunk;
}

// A replay or discard changes the round of a delivery. A late response is only counted and does
// not.
Status PgStore::hold(std::vector<Delivery>& dead) {
  if (dead.empty()) return {};
  Array<DeliveryId> ids;
  for (const Delivery& one : dead) ids.add(one.id);
  auto found = db_->all(sql::kHoldDeliveries, read_swept, ids);
  if (!found) return tl::unexpected<Error>(found.error());
  std::unordered_map<std::int64_t, Delivery> held;
  for (Delivery& one : *found) held.emplace(one.id.value, std::move(one));
  std::vector<Delivery> as_read;
  as_read.reserve(dead.size());
  for (const Delivery& one : dead) {
    const auto now = held.find(one.id.value);
    if (now != held.end() && now->second.round == one.round)
      as_read.push_back(std::move(now->second));
  }
  dead = std::move(as_read);
  return {};
}

}  // namespace postrider::postgres
