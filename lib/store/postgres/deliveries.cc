// Settling, and people's changes of single deliveries.
#include <map>
#include <set>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/sql_deliveries.h"
#include "store/rows.h"

namespace postrider::postgres {
namespace {

using OptionalText = std::optional<std::string_view>;

/// A delivery while settlements are gone through in their order: as it was read, and what they make
/// of it.
struct Standing {
  bool pending = false;
  int round = 0;
  int attempts_count = 0;
  int counted = 0;                  ///< attempts that are added
  int applied = 0;                  ///< of them, those that the schedule counts
  std::optional<NextState> next{};  ///< what the last that applied says
};

using Standings = std::map<std::int64_t, Standing>;

/// A 2xx applies whatever the round: the receiver has it.
bool applies(const Settlement& settlement, const Standing& standing) {
  return standing.pending &&
         (std::holds_alternative<Delivered>(settlement.next) || settlement.round == standing.round);
}

Settled settle_one(const Settlement& settlement, Standing& standing) {
  Settled settled{.applied = applies(settlement, standing), .attempt = {}, .number = 0};
  ++standing.counted;
  settled.number = standing.attempts_count + standing.counted;
  if (!settled.applied) return settled;
  ++standing.applied;
  standing.next = settlement.next;
  standing.pending = std::holds_alternative<RetryAt>(settlement.next);
  return settled;
}

/// Columns of deliveries that one statement changes.
struct ChangeColumns {
  Array<std::int64_t> ids;
  Array<std::int64_t> rounds;
  Array<std::int64_t> attempts_counts;
  Array<std::int64_t> counted;
  Array<std::int64_t> applied;
  Array<OptionalText> states;
  Array<std::optional<WallTime>> due_at;
  Array<OptionalText> dead_reasons;
  Array<std::optional<WallTime>> finished_at;

  void add(std::int64_t id, const Standing& standing, WallTime now) {
    ids.add(id);
    rounds.add(standing.round);
    attempts_counts.add(standing.attempts_count);
    counted.add(standing.counted);
    applied.add(standing.applied);
    if (!standing.next) {
      become(std::nullopt, std::nullopt, std::nullopt, std::nullopt);
    } else if (const auto* retry = std::get_if<RetryAt>(&*standing.next)) {
      become(to_string(DeliveryState::kPending), retry->due_at, std::nullopt, std::nullopt);
    } else if (const auto* dead = std::get_if<Dead>(&*standing.next)) {
      become(to_string(DeliveryState::kDead), std::nullopt, to_string(dead->reason), now);
    } else {
      become(to_string(DeliveryState::kDelivered), std::nullopt, std::nullopt, now);
    }
  }

  void become(
      OptionalText state,
      std::optional<WallTime> due,
      OptionalText reason,
      std::optional<WallTime> finished
  ) {
    states.add(state);
    due_at.add(due);
    dead_reasons.add(reason);
    finished_at.add(finished);
  }

  void queue(Connection& db) const {
    db.queue(
        sql::kSettle,
        ids,
        rounds,
        attempts_counts,
        counted,
        applied,
        states,
        due_at,
        dead_reasons,
        finished_at
    );
  }
};

/// Columns of attempts that one statement inserts.
struct AttemptColumns {
  Array<DeliveryId> deliveries;
  Array<std::int64_t> numbers;
  Array<AttemptId> ids;
  Array<WallTime> started_at;
  Array<Millis> durations;
  Array<std::int64_t> statuses;
  Array<std::string_view> outcomes;
  Array<std::optional<Blob>> errors;
  Array<std::optional<Blob>> response_excerpts;

  void add(const Settlement& settlement, const Settled& settled) {
    const Attempt& attempt = settlement.attempt;
    deliveries.add(settlement.delivery);
    numbers.add(settled.number);
    ids.add(settled.attempt);
    started_at.add(attempt.started_at);
    durations.add(attempt.duration);
    statuses.add(attempt.status);
    outcomes.add(to_string(attempt.outcome));
    errors.add(blob_or_null(attempt.error));
    response_excerpts.add(blob_or_null(attempt.response_excerpt));
  }

  void queue(Connection& db) const {
    db.queue(
        sql::kInsertAttempts,
        deliveries,
        numbers,
        ids,
        started_at,
        durations,
        statuses,
        outcomes,
        errors,
        response_excerpts
    );
  }
};

using DeliveryIds = std::set<std::int64_t>;

DeliveryIds deliveries_of(std::span<const Settlement> settlements) {
  DeliveryIds ids;
  for (const Settlement& one : settlements) ids.insert(one.delivery.value);
  return ids;
}

Result<Standings> read_standings(Connection& db, std::string_view sql, const DeliveryIds& wanted) {
  Array<std::int64_t> ids;
  for (const std::int64_t id : wanted) ids.add(id);
  const auto rows = db.query(sql, ids);
  if (!rows) return tl::unexpected<Error>(rows.error());
  Standings standings;
  for (int i = 0; i < rows->size(); ++i) {
    const Row row = rows->row(i);
    standings[row.i64(0)] = {
        .pending = row.boolean(1), .round = row.i32(2), .attempts_count = row.i32(3)};
  }
  return standings;
}

/// Returns the deliveries that are no longer as they were read.
Result<DeliveryIds> write_standings(Connection& db, const Standings& standings, WallTime now) {
  DeliveryIds left;
  if (standings.empty()) return left;
  ChangeColumns changes;
  for (const auto& [id, standing] : standings) {
    changes.add(id, standing, now);
    left.insert(id);
  }
  changes.queue(db);
  const auto results = db.exchange();
  if (!results) return tl::unexpected<Error>(results.error());
  const Rows& written = results->back();
  for (int i = 0; i < written.size(); ++i) left.erase(written.row(i).i64(0));
  return left;
}

}  // namespace

// What was read decides; it is written only where the delivery is still as it was read. Where a
// person, a sweep or an owner by mistake came between, it is read again and held, so that the
// second time is the last: holding all of them at once would cost every settlement for what is
// rare. Attempts come last, with the numbers that they have for good.
Result<std::vector<Settled>> PgStore::settle(
    std::span<const Settlement> settlements, WallTime now
) {
  std::vector<Settled> settled(settlements.size());
  DeliveryIds left = deliveries_of(settlements);
  for (const std::string_view read : {sql::kStandings, sql::kHoldStandings}) {
    if (left.empty()) break;
    auto standings = read_standings(*db_, read, left);
    if (!standings) return tl::unexpected<Error>(standings.error());
    for (std::size_t i = 0; i < settlements.size(); ++i) {
      const std::int64_t id = settlements[i].delivery.value;
      if (!left.contains(id)) continue;
      const auto standing = standings->find(id);
      // Retention has removed the delivery: there is nothing to record the attempt with.
      const bool is_there = standing != standings->end();
      settled[i] = is_there ? settle_one(settlements[i], standing->second) : Settled{};
    }
    auto changed = write_standings(*db_, *standings, now);
    if (!changed) return tl::unexpected<Error>(changed.error());
    left = std::move(*changed);
  }
  if (!left.empty())
    return fail(Errc::kBusy, "a delivery that was held to be settled could not be changed");
  queue_attempts(settlements, settled, now);
  return settled;
}

void PgStore::queue_attempts(
    std::span<const Settlement> settlements, std::vector<Settled>& settled, WallTime now
) {
  queue_sends(settlements, now);
  AttemptColumns attempts;
  for (std::size_t i = 0; i < settlements.size(); ++i) {
    if (settled[i].number == 0) continue;
    settled[i].attempt = {draw_id(now)};
    attempts.add(settlements[i], settled[i]);
  }
  if (attempts.ids.size() > 0) attempts.queue(*db_);
}

Result<Delivery> PgStore::delivery(DeliveryId id) {
  if (auto status = ready(); !status) return tl::unexpected<Error>(status.error());
  const auto read = [](const Row& row) { return read_delivery(row); };
  return needed(db_->one(sql::kDelivery, read, id), "no such delivery");
}

Status PgStore::change_delivery(const Delivery& delivery) {
  const auto changed = db_->query(
      sql::kChangeDelivery,
      to_string(delivery.state),
      delivery.due_at,
      delivery.schedule_attempts_count,
      name_or_null(delivery.dead_reason),
      delivery.finished_at,
      delivery.discarded,
      delivery.id
  );
  if (!changed) return tl::unexpected<Error>(changed.error());
  if (changed->changes() == 0) return fail(Errc::kNotFound, "no such delivery");
  return {};
}

Result<std::optional<Delivery>> PgStore::find_delivery(EventId event, EndpointId endpoint) {
  if (auto status = ready(); !status) return tl::unexpected<Error>(status.error());
  return db_->one(
      sql::kDeliveryOf, [](const Row& row) { return read_delivery(row); }, event, endpoint
  );
}

}  // namespace postrider::postgres
