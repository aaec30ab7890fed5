// Settling, and people's changes of single deliveries.
#include <map>
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

Result<Standings> read_standings(Connection& db, std::span<const Settlement> settlements) {
  Standings standings;
  for (const Settlement& one : settlements) standings.emplace(one.delivery.value, Standing{});
  Array<std::int64_t> ids;
  for (const auto& [id, standing] : standings) ids.add(id);
  const auto rows = db.query(sql::kStandings, ids);
  if (!rows) return tl::unexpected<Error>(rows.error());
  standings.clear();
  for (int i = 0; i < rows->size(); ++i) {
    const Row row = rows->row(i);
    standings[row.i64(0)] = {
        .pending = row.boolean(1), .round = row.i32(2), .attempts_count = row.i32(3)};
  }
  return standings;
}

}  // namespace

// What was read decides; it is written only where the delivery is still as it was read, so that two
// writers by mistake cannot both settle.
Result<std::vector<Settled>> PgStore::settle(
    std::span<const Settlement> settlements, WallTime now
) {
  std::vector<Settled> settled;
  if (settlements.empty()) return settled;
  auto standings = read_standings(*db_, settlements);
  if (!standings) return tl::unexpected<Error>(standings.error());
  AttemptColumns attempts;
  settled.reserve(settlements.size());
  queue_sends(settlements, now);
  for (const Settlement& settlement : settlements) {
    const auto standing = standings->find(settlement.delivery.value);
    // Retention has removed the delivery: there is nothing to record the attempt with.
    if (standing == standings->end()) {
      settled.emplace_back();
      continue;
    }
    settled.push_back(settle_one(settlement, standing->second));
    settled.back().attempt = {draw_id(now)};
    attempts.add(settlement, settled.back());
  }
  ChangeColumns changes;
  for (const auto& [id, standing] : *standings) changes.add(id, standing, now);
  attempts.queue(*db_);
  changes.queue(*db_);
  const auto written = db_->exchange();
  if (!written) return tl::unexpected<Error>(written.error());
  if (written->back().changes() != changes.ids.size())
    return fail(Errc::kBusy, "another writer changed a delivery that was being settled");
  return settled;
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
