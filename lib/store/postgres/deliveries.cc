// Settles deliveries, and changes single deliveries for people.
#include <map>
#include <variant>

#include "base/assert.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/sql_deliveries.h"
#include "store/postgres/sql_session.h"
#include "store/rows.h"

namespace postrider::postgres {
namespace {

using OptionalText = std::optional<std::string_view>;

/// A delivery as it was read, and the changes by the settlements that were applied so far.
struct SettleState {
  bool pending = false;
  int round = 0;
  int attempts_count = 0;
  int counted = 0;                  ///< attempts to add
  int applied = 0;                  ///< of these, attempts that the schedule counts
  std::optional<NextState> next{};  ///< of the last settlement that applied
};

using SettleStates = std::map<std::int64_t, SettleState>;

/// A 2xx applies in any round, because the receiver has the event.
bool applies(const Settlement& settlement, const SettleState& state) {
  return state.pending &&
         (std::holds_alternative<Delivered>(settlement.next) || settlement.round == state.round);
}

Settled settle_one(const Settlement& settlement, SettleState& state) {
  Settled settled{.applied = applies(settlement, state), .attempt = {}, .number = 0};
  ++state.counted;
  settled.number = state.attempts_count + state.counted;
  if (!settled.applied) return settled;
  ++state.applied;
  state.next = settlement.next;
  state.pending = std::holds_alternative<RetryAt>(settlement.next);
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

  void add(std::int64_t id, const SettleState& state, WallTime now) {
    ids.add(id);
    rounds.add(state.round);
    attempts_counts.add(state.attempts_count);
    counted.add(state.counted);
    applied.add(state.applied);
    if (!state.next) {
      become(std::nullopt, std::nullopt, std::nullopt, std::nullopt);
    } else if (const auto* retry = std::get_if<RetryAt>(&*state.next)) {
      become(to_string(DeliveryState::kPending), retry->due_at, std::nullopt, std::nullopt);
    } else if (const auto* dead = std::get_if<Dead>(&*state.next)) {
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

Result<SettleStates> read_standings(
    Connection& db, std::string_view sql, std::span<const Settlement> settlements
) {
  SettleStates standings;
  for (const Settlement& one : settlements) standings.emplace(one.delivery.value, SettleState{});
  Array<std::int64_t> ids;
  for (const auto& [id, state] : standings) ids.add(id);
  const auto rows = db.query(sql, ids);
  if (!rows) return tl::unexpected<Error>(rows.error());
  standings.clear();
  for (int i = 0; i < rows->size(); ++i) {
    const Row row = rows->row(i);
    standings[row.i64(0)] = {
        .pending = row.boolean(1), .round = row.i32(2), .attempts_count = row.i32(3)};
  }
  return standings;
}

/// Applies the settlements in their order to the deliveries as read. Attempts get the `ids`.
std::vector<Settled> settle_all(
    std::span<const Settlement> settlements,
    const std::vector<AttemptId>& ids,
    SettleStates& standings
) {
  std::vector<Settled> settled;
  settled.reserve(settlements.size());
  for (const Settlement& settlement : settlements) {
    const auto state = standings.find(settlement.delivery.value);
    // Retention has removed the delivery, so the attempt is not recorded.
    if (state == standings.end()) {
      settled.emplace_back();
      continue;
    }
    settled.push_back(settle_one(settlement, state->second));
    settled.back().attempt = ids[settled.size() - 1];
  }
  return settled;
}

/// Returns false, and writes nothing, if a delivery has changed since it was read.
Result<bool> write_settled(
    Connection& db,
    std::span<const Settlement> settlements,
    const std::vector<Settled>& settled,
    const SettleStates& standings,
    WallTime now
) {
  if (standings.empty()) return true;
  ChangeColumns changes;
  for (const auto& [id, state] : standings) changes.add(id, state, now);
  AttemptColumns attempts;
  for (std::size_t i = 0; i < settlements.size(); ++i) {
    if (settled[i].number != 0) attempts.add(settlements[i], settled[i]);
  }
  db.queue(sql::kInnerSavepoint);
  changes.queue(db);
  attempts.queue(db);
  const auto written = db.exchange();
  // If the attempt's number is taken, another node has settled the delivery.
  const bool collided = !written && written.error().code == Errc::kConflict;
  if (!written && !collided) return tl::unexpected<Error>(written.error());
  const bool changed = !collided && written->end()[-2].changes() == changes.ids.size();
  if (!changed) db.queue(sql::kRollbackToInnerSavepoint);
  db.queue(sql::kReleaseInnerSavepoint);
  return changed;
}

}  // namespace

// Writes deliveries only if they are still as they were read. If a person, a sweep or, by mistake,
// another owner has changed one, everything is undone and repeated once with the deliveries locked.
// Locking them the first time would slow down every settlement for a rare case.
Result<std::vector<Settled>> PgStore::settle(
    std::span<const Settlement> settlements, WallTime now
) {
  if (settlements.empty()) return std::vector<Settled>{};
  // Ids are drawn before the inner savepoint, so that undoing it does not undo their reservation.
  queue_sends(settlements, now);
  std::vector<AttemptId> ids;
  for (std::size_t i = 0; i < settlements.size(); ++i) ids.push_back({draw_id(now)});
  for (const std::string_view read : {sql::kStandings, sql::kHoldStandings}) {
    auto standings = read_standings(*db_, read, settlements);
    if (!standings) return tl::unexpected<Error>(standings.error());
    auto settled = settle_all(settlements, ids, *standings);
    const auto written = write_settled(*db_, settlements, settled, *standings, now);
    if (!written) return tl::unexpected<Error>(written.error());
    if (*written) return settled;
  }
  return fail(Errc::kBusy, "a delivery that was held to be settled could not be changed");
}

Result<Delivery> PgStore::delivery(DeliveryId id) {
  if (auto status = ready(); !status) return tl::unexpected<Error>(status.error());
  const auto read = [](const Row& row) { return read_delivery(row); };
  return require_row(db_->one(sql::kDelivery, read, id), "no such delivery");
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
