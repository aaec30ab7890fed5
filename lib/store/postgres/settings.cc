// Writes keys, event types, tasks and statistics.
#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/sql_endpoints.h"
#include "store/postgres/sql_settings.h"
#include "store/setting_rows.h"

namespace postrider::postgres {
namespace {

Status changed_one(const Result<Rows>& changed, Errc otherwise, std::string_view why) {
  if (!changed) return tl::unexpected<Error>(changed.error());
  if (changed->changes() == 0) return fail(otherwise, std::string{why});
  return {};
}

/// Columns of statistics that one statement adds.
struct StatColumns {
  Array<WallTime> minutes;
  Array<std::string_view> tenants;
  Array<EndpointId> endpoints;
  Array<std::int64_t> events;
  Array<std::int64_t> delivered;
  Array<std::int64_t> dead;
  std::array<Array<std::int64_t>, kAttemptClassCount> attempts;
  Array<std::int64_t> durations;

  void add(const StatRow& row) {
    minutes.add(row.minute);
    tenants.add(row.tenant);
    endpoints.add(row.endpoint);
    events.add(row.events);
    delivered.add(row.delivered);
    dead.add(row.dead);
    for (std::size_t i = 0; i < kAttemptClassCount; ++i) attempts.at(i).add(row.attempts.at(i));
    durations.add(row.duration_ms_sum);
  }
};

}  // namespace

Result<KeyId> PgStore::add_api_key(const ApiKey& key, WallTime now) {
  const KeyId id{draw_id(now)};
  changed_.settings = true;
  auto status = db_->run(
      sql::kInsertApiKey,
      id,
      Blob{key.name},
      name_of(key.scope),
      or_null(key.tenant),
      Blob{key.sha256},
      now,
      key.expires_at
  );
  return status.map([id] { return id; });
}

Status PgStore::delete_api_key(KeyId id) {
  changed_.settings = true;
  return changed_one(db_->query(sql::kDeleteApiKey, id), Errc::kNotFound, "no such key");
}

Status PgStore::record_api_key_uses(std::span<const ApiKeyUse> uses) {
  if (uses.empty()) return {};
  Array<KeyId> ids;
  Array<WallTime> used_at;
  for (const auto& [key, at] : uses) {
    ids.add(key);
    used_at.add(at);
  }
  return db_->run(sql::kRecordApiKeyUses, ids, used_at);
}

Result<EventType> PgStore::event_type(std::string_view name) {
  if (auto status = ready(); !status) return tl::unexpected<Error>(status.error());
  return require_row(
      db_->one(sql::kHoldEventType, read_event_type<Row>, name), "no such event type"
  );
}

Status PgStore::add_event_type(const EventType& type) {
  changed_.settings = true;
  const auto added = db_->query(
      sql::kInsertEventType,
      type.name,
      Blob{type.description},
      blob_or_null(type.schema),
      type.archived,
      type.created_at,
      type.updated_at
  );
  return changed_one(added, Errc::kConflict, "an event type of that name exists");
}

Status PgStore::put_event_type(const EventType& type) {
  changed_.settings = true;
  const auto changed = db_->query(
      sql::kUpdateEventType,
      Blob{type.description},
      blob_or_null(type.schema),
      type.archived,
      type.updated_at,
      type.name
  );
  return changed_one(changed, Errc::kNotFound, "no such event type");
}

Status PgStore::delete_event_type(std::string_view name) {
  changed_.settings = true;
  return changed_one(
      db_->query(sql::kDeleteEventType, name), Errc::kNotFound, "no such event type"
  );
}

Result<TaskId> PgStore::add_task(const Task& task, WallTime now) {
  const TaskId id{draw_id(now)};
  auto status = db_->run(
      sql::kInsertTask,
      id,
      name_of(task.kind),
      name_of(task.state),
      or_null(task.filter.tenant),
      task.filter.endpoint,
      or_null(task.filter.type),
      name_or_null(task.filter.reason),
      task.filter.since,
      task.filter.until,
      task.total,
      task.done,
      task.skipped,
      task.cursor,
      blob_or_null(task.error),
      now,
      now
  );
  return status.map([id] { return id; });
}

Result<Task> PgStore::task(TaskId id) {
  if (auto status = ready(); !status) return tl::unexpected<Error>(status.error());
  return require_row(db_->one(sql::kHoldTask, read_task<Row>, id), "no such task");
}

Status PgStore::put_task(const Task& task) {
  const auto changed = db_->query(
      sql::kUpdateTask,
      name_of(task.state),
      task.done,
      task.skipped,
      task.cursor,
      blob_or_null(task.error),
      task.updated_at,
      task.id
  );
  return changed_one(changed, Errc::kNotFound, "no such task");
}

Status PgStore::put_last_outcomes(std::span<const LastOutcomes> outcomes) {
  if (outcomes.empty()) return {};
  Array<EndpointId> endpoints;
  Array<std::optional<WallTime>> success_at;
  Array<std::optional<std::int32_t>> success_status;
  Array<std::optional<WallTime>> failure_at;
  Array<std::optional<std::int32_t>> failure_status;
  Array<std::optional<std::string_view>> failure_outcome;
  Array<std::optional<WallTime>> throttled_until;
  Array<std::optional<WallTime>> rate_limited_until;
  for (const auto& [endpoint, success, failure, backpressure] : outcomes) {
    endpoints.add(endpoint);
    success_at.add(at_of(success));
    success_status.add(status_of(success));
    failure_at.add(at_of(failure));
    failure_status.add(status_of(failure));
    failure_outcome.add(outcome_of(failure));
    throttled_until.add(backpressure.throttled_until);
    rate_limited_until.add(backpressure.rate_limited_until);
  }
  return db_->run(
      sql::kPutLastOutcomes,
      endpoints,
      success_at,
      success_status,
      failure_at,
      failure_status,
      failure_outcome,
      throttled_until,
      rate_limited_until
  );
}

Status PgStore::add_stats(std::span<const StatRow> rows) {
  if (rows.empty()) return {};
  StatColumns columns;
  for (const StatRow& row : rows) columns.add(row);
  const auto& attempts = columns.attempts;
  return db_->run(
      sql::kAddStats,
      columns.minutes,
      columns.tenants,
      columns.endpoints,
      columns.events,
      columns.delivered,
      columns.dead,
      attempts[0],
      attempts[1],
      attempts[2],
      attempts[3],
      attempts[4],
      attempts[5],
      attempts[6],
      attempts[7],
      attempts[8],
      columns.durations
  );
}

}  // namespace postrider::postgres
