// Retention: removes whole events, oldest first, and old rows of other tables.
#include <algorithm>
#include <utility>

#include "store/list_filters.h"
#include "store/retention_scan.h"
#include "store/rows.h"
#include "store/sqlite/sql_file.h"
#include "store/sqlite/sql_retention.h"
#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::sqlite {

/// Returns the number of removed rows.
Result<std::int64_t> SqliteStore::remove_events(EventId first, EventId last) {
  std::int64_t rows_count = 0;
  for (const auto query :
       {sql::kDeleteAttemptsOfEvents, sql::kDeleteDeliveriesOfEvents, sql::kDeleteEvents}) {
    if (auto status = db_->run(query, first, last); !status)
      return tl::unexpected<Error>(status.error());
    rows_count += db_->changes();
  }
  return rows_count;
}

Result<RetentionResult> SqliteStore::prune_events(WallTime before, std::size_t rows_max) {
  const auto lead = db_->one(
      sql::kMetaValue, [](const Row& row) { return Millis{row.i64(0)}; }, "id_lead_ms"
  );
  if (!lead) return tl::unexpected<Error>(lead.error());
  RetentionScan old(prune_after_, before, rows_max);
  {
    const std::int64_t id_before = first_id_at(before + lead->value_or(Millis{0}));
    auto rows = db_->query(sql::kOldEvents, prune_after_, id_before);
    while (old.wants_more() && rows.next()) old.look_at(read_retention_candidate(rows.row()));
    if (!rows.ok()) return rows.error();
  }
  RetentionResult pruned{.rows_count = 0, .done = old.wants_more()};
  for (const EventRange& run : old.runs()) {
    const auto rows_count = remove_events(run.first, run.last);
    if (!rows_count) return tl::unexpected<Error>(rows_count.error());
    pruned.rows_count += *rows_count;
  }
  prune_after_ = pruned.done ? EventId{} : old.looked_until();
  return pruned;
}

Result<RetentionResult> SqliteStore::prune(
    WallTime before, WallTime keys_before, std::size_t rows_max
) {
  auto pruned = prune_events(before, rows_max);
  if (!pruned || !pruned->done) return pruned;
  const auto count = [&](Status status) {
    if (!status) return status;
    pruned->rows_count += db_->changes();
    // A table that lost `rows_max` rows may have more to remove.
    if (std::cmp_equal(db_->changes(), rows_max)) pruned->done = false;
    return status;
  };
  auto status = count(db_->run(sql::kPruneIdempotency, rows_max, keys_before));
  if (status) status = count(db_->run(sql::kPruneRejected, rows_max, before));
  if (status) status = count(db_->run(sql::kPruneTasks, first_id_at(before), before, rows_max));
  if (status) status = count(db_->run(sql::kPruneStats, before, rows_max));
  if (status) status = count(db_->run(sql::kPruneEndpoints, before, rows_max));
  if (!status) return tl::unexpected<Error>(status.error());
  return pruned;
}

}  // namespace postrider::sqlite
