// Retention: removes whole events, oldest first, and old rows of other tables.
#include <utility>

#include "store/list_filters.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/sql_database.h"
#include "store/postgres/sql_retention.h"
#include "store/postgres/sql_session.h"
#include "store/retention_scan.h"

namespace postrider::postgres {
namespace {

/// Examines the next events. Returns true if there may be more.
Result<bool> look_at_some(
    Connection& db, RetentionScan& old, std::int64_t id_before, std::size_t rows_max
) {
  const auto events = db.all(
      sql::kOldEvents, read_retention_candidate<Row>, old.looked_until(), id_before, rows_max
  );
  if (!events) return tl::unexpected<Error>(events.error());
  for (const RetentionCandidate& event : *events) {
    if (!old.wants_more()) break;
    old.look_at(event);
  }
  return events->size() == rows_max;
}

std::int64_t changes_of(const std::vector<Rows>& results) {
  std::int64_t count = 0;
  for (const Rows& rows : results) count += rows.changes();
  return count;
}

}  // namespace

// The events were selected by an earlier statement. If one was replayed since, a delivery is left,
// and everything is undone. Attempts are removed last, when their deliveries can no longer be
// settled.
Result<std::int64_t> PgStore::remove_events(const std::vector<EventRange>& runs) {
  if (runs.empty()) return 0;
  Array<EventId> firsts;
  Array<EventId> lasts;
  for (const auto& [first, last] : runs) {
    firsts.add(first);
    lasts.add(last);
  }
  db_->queue(sql::kInnerSavepoint);
  const auto events = db_->query(sql::kDeleteEvents, firsts, lasts);
  if (!events) return tl::unexpected<Error>(events.error());
  const auto deliveries = db_->query(sql::kDeleteDeliveriesOfEvents, firsts, lasts);
  if (!deliveries) return tl::unexpected<Error>(deliveries.error());
  const auto is_true = [](const Row& row) { return row.boolean(0); };
  const auto left = db_->one(sql::kHaveDeliveries, is_true, firsts, lasts);
  if (!left) return tl::unexpected<Error>(left.error());
  if (*left == true) {
    db_->queue(sql::kRollbackToInnerSavepoint);
    return db_->run(sql::kReleaseInnerSavepoint).map([] { return std::int64_t{0}; });
  }
  Array<std::int64_t> ids;
  for (int i = 0; i < deliveries->size(); ++i) ids.add(deliveries->row(i).i64(0));
  const auto attempts = db_->query(sql::kDeleteAttempts, ids);
  if (!attempts) return tl::unexpected<Error>(attempts.error());
  db_->queue(sql::kReleaseInnerSavepoint);
  return events->changes() + deliveries->changes() + attempts->changes();
}

Result<RetentionResult> PgStore::prune_events(WallTime before, std::size_t rows_max) {
  const auto lead = db_->one(
      sql::kMetaValue, [](const Row& row) { return Millis{row.i64(0)}; }, "id_lead_ms"
  );
  if (!lead) return tl::unexpected<Error>(lead.error());
  const std::int64_t id_before = first_id_at(before + lead->value_or(Millis{0}));
  RetentionScan old(prune_after_, before, rows_max);
  Result<bool> more = true;
  while (*more && old.wants_more()) {
    more = look_at_some(*db_, old, id_before, rows_max);
    if (!more) return tl::unexpected<Error>(more.error());
  }
  const auto rows_count = remove_events(old.runs());
  if (!rows_count) return tl::unexpected<Error>(rows_count.error());
  if (*rows_count == 0 && !old.runs().empty())
    return RetentionResult{.rows_count = 0, .done = false};
  const RetentionResult pruned{.rows_count = *rows_count, .done = old.wants_more()};
  prune_after_ = pruned.done ? EventId{} : old.looked_until();
  return pruned;
}

Result<RetentionResult> PgStore::prune(
    WallTime before, WallTime keys_before, std::size_t rows_max
) {
  auto pruned = prune_events(before, rows_max);
  if (!pruned || !pruned->done) return pruned;
  db_->queue(sql::kPruneIdempotency, rows_max, keys_before);
  db_->queue(sql::kPruneRejected, rows_max, before);
  db_->queue(sql::kPruneTasks, first_id_at(before), before, rows_max);
  db_->queue(sql::kPruneStats, before, rows_max);
  db_->queue(sql::kPruneEndpoints, before, rows_max);
  const auto results = db_->exchange();
  if (!results) return tl::unexpected<Error>(results.error());
  for (const Rows& rows : *results) {
    // A table that lost `rows_max` rows may have more to remove.
    if (std::cmp_equal(rows.changes(), rows_max)) pruned->done = false;
  }
  pruned->rows_count += changes_of(*results);
  return pruned;
}

}  // namespace postrider::postgres
