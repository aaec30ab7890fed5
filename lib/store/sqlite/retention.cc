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

/// Events that have to stay are read with their deliveries: a call reads no more than about this
/// many rows for every one that it may remove.
constexpr std::size_t kLooksPerRow = 4;

/// Events beside each other that go together.
struct Run {
  EventId first;
  EventId last;
};

/// What one call of retention removes, and where it stopped looking.
struct OldEvents {
  std::vector<Run> runs;
  EventId looked_until;
  bool done = true;  ///< there was nothing more to look at
};

Result<OldEvents> find_old_events(
    Db& db, EventId after, std::int64_t id_before, WallTime before, std::size_t rows_max
) {
  const std::size_t looks_max = rows_max * kLooksPerRow;
  OldEvents found{.runs = {}, .looked_until = after};
  std::int64_t looks = 0;
  std::int64_t rows_count = 0;
  bool beside_last = false;
  auto rows = db.query(sql::kOldEvents, after, id_before);
  while (found.done && rows.next()) {
    const Row row = rows.row();
    const EventId id{row.i64(0)};
    const std::int64_t deliveries_count = row.i64(2);
    const bool goes = row.time(1) < before && row.i64(4) == 0;
    if (goes && beside_last) {
      found.runs.back().last = id;
    } else if (goes) {
      found.runs.push_back({id, id});
    }
    beside_last = goes;
    if (goes) rows_count += 1 + deliveries_count + row.i64(3);
    found.looked_until = id;
    looks += 1 + deliveries_count;
    found.done = std::cmp_less(looks, looks_max) && std::cmp_less(rows_count, rows_max);
  }
  if (!rows.ok()) return rows.error();
  return found;
}

}  // namespace

/// Returns how many rows went.
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

Result<Pruned> SqliteStore::prune_events(WallTime before, std::size_t rows_max) {
  const auto lead = db_->one(
      sql::kMetaValue, [](const Row& row) { return Millis{row.i64(0)}; }, "id_lead_ms"
  );
  if (!lead) return tl::unexpected<Error>(lead.error());
  const auto old = find_old_events(
      *db_, prune_after_, id_at(before + lead->value_or(Millis{0})), before, rows_max
  );
  if (!old) return tl::unexpected<Error>(old.error());
  Pruned pruned{.rows_count = 0, .done = old->done};
  for (const Run& run : old->runs) {
    const auto rows_count = remove_events(run.first, run.last);
    if (!rows_count) return tl::unexpected<Error>(rows_count.error());
    pruned.rows_count += *rows_count;
  }
  prune_after_ = old->done ? EventId{} : old->looked_until;
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
