// Retention: whole events, oldest first, and what else grows with time.
#include <algorithm>
#include <utility>

#include "store/sqlite/list_rows.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/sql_file.h"
#include "store/sqlite/sql_retention.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::sqlite {
namespace {

/// Events that have to stay cost a probe each: a call looks at no more than this many for every row
/// that it may remove.
constexpr std::size_t kLooksPerRow = 4;

struct OldEvent {
  EventId id;
  WallTime created_at;
};

}  // namespace

/// Returns how many rows went: 0 when a delivery is still pending.
Result<std::int64_t> SqliteStore::prune_event(EventId id) {
  const auto pending = db_->one(
      sql::kHasPending, [](const Row& row) { return row.i32(0); }, id
  );
  if (!pending) return tl::unexpected<Error>(pending.error());
  if (*pending) return 0;
  std::int64_t rows_count = 0;
  for (const auto query :
       {sql::kDeleteAttemptsOfEvent, sql::kDeleteDeliveriesOfEvent, sql::kDeleteEvent}) {
    if (auto status = db_->run(query, id); !status) return tl::unexpected<Error>(status.error());
    rows_count += db_->changes();
  }
  return rows_count;
}

Result<Pruned> SqliteStore::prune_events(WallTime before, std::size_t rows_max) {
  const auto lead = db_->one(
      sql::kMetaValue, [](const Row& row) { return Millis{row.i64(0)}; }, "id_lead_ms"
  );
  if (!lead) return tl::unexpected<Error>(lead.error());
  const std::size_t looks_max = rows_max * kLooksPerRow;
  const auto events = db_->all(
      sql::kEventsAfter,
      [](const Row& row) { return OldEvent{.id = {row.i64(0)}, .created_at = row.time(1)}; },
      prune_after_,
      id_at(before + lead->value_or(Millis{0})),
      looks_max
  );
  if (!events) return tl::unexpected<Error>(events.error());
  Pruned pruned;
  for (const OldEvent& event : *events) {
    if (std::cmp_greater_equal(pruned.rows_count, rows_max)) return pruned;
    prune_after_ = event.id;
    if (event.created_at >= before) continue;
    const auto rows_count = prune_event(event.id);
    if (!rows_count) return tl::unexpected<Error>(rows_count.error());
    pruned.rows_count += *rows_count;
  }
  pruned.done = events->size() < looks_max;
  if (pruned.done) prune_after_ = {};
  return pruned;
}

Result<Pruned> SqliteStore::prune(WallTime before, WallTime keys_before, std::size_t rows_max) {
  auto pruned = prune_events(before, rows_max);
  if (!pruned || !pruned->done) return pruned;
  const auto count = [&](Status status) {
    if (!status) return status;
    pruned->rows_count += db_->changes();
    // A table that gave as much as it was asked for may have more.
    if (std::cmp_equal(db_->changes(), rows_max)) pruned->done = false;
    return status;
  };
  auto status = count(db_->run(sql::kPruneIdempotency, rows_max, keys_before));
  if (status) status = count(db_->run(sql::kPruneRejected, rows_max, before));
  if (status) status = count(db_->run(sql::kPruneTasks, id_at(before), before, rows_max));
  if (status) status = count(db_->run(sql::kPruneStats, before, rows_max));
  if (status) status = count(db_->run(sql::kPruneEndpoints, before, rows_max));
  if (!status) return tl::unexpected<Error>(status.error());
  return pruned;
}

}  // namespace postrider::sqlite
