// Writes keys, event types, tasks and statistics.
#include "store/setting_rows.h"
#include "store/sqlite/sql_endpoints.h"
#include "store/sqlite/sql_settings.h"
#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::sqlite {
namespace {

Status changed_one(const Db& db, Status status, Errc otherwise, std::string_view why) {
  if (status && db.changes() == 0) return fail(otherwise, std::string{why});
  return status;
}

}  // namespace

Result<KeyId> SqliteStore::add_api_key(const ApiKey& key, WallTime now) {
  const auto id = draw_id(now);
  if (!id) return tl::unexpected<Error>(id.error());
  auto status = db_->run(
      sql::kInsertApiKey,
      *id,
      key.name,
      name_of(key.scope),
      or_null(key.tenant),
      Blob{key.sha256},
      now,
      key.expires_at
  );
  if (!status) return tl::unexpected<Error>(status.error());
  return KeyId{*id};
}

Status SqliteStore::delete_api_key(KeyId id) {
  return changed_one(*db_, db_->run(sql::kDeleteApiKey, id), Errc::kNotFound, "no such key");
}

Status SqliteStore::record_api_key_uses(std::span<const ApiKeyUse> uses) {
  for (const auto& [key, at] : uses) {
    if (auto status = db_->run(sql::kRecordApiKeyUse, at, key); !status) return status;
  }
  return {};
}

Result<EventType> SqliteStore::event_type(std::string_view name) {
  return require_row(db_->one(sql::kEventType, read_event_type<Row>, name), "no such event type");
}

Status SqliteStore::add_event_type(const EventType& type) {
  auto status = db_->run(
      sql::kInsertEventType,
      type.name,
      type.description,
      or_null(type.schema),
      type.archived,
      type.created_at,
      type.updated_at
  );
  return changed_one(*db_, status, Errc::kConflict, "an event type of that name exists");
}

Status SqliteStore::put_event_type(const EventType& type) {
  auto status = db_->run(
      sql::kUpdateEventType,
      type.description,
      or_null(type.schema),
      type.archived,
      type.updated_at,
      type.name
  );
  return changed_one(*db_, status, Errc::kNotFound, "no such event type");
}

Status SqliteStore::delete_event_type(std::string_view name) {
  return changed_one(
      *db_, db_->run(sql::kDeleteEventType, name), Errc::kNotFound, "no such event type"
  );
}

Result<TaskId> SqliteStore::add_task(const Task& task, WallTime now) {
  const auto id = draw_id(now);
  if (!id) return tl::unexpected<Error>(id.error());
  auto status = db_->run(
      sql::kInsertTask,
      *id,
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
      or_null(task.error),
      now,
      now
  );
  if (!status) return tl::unexpected<Error>(status.error());
  return TaskId{*id};
}

Result<Task> SqliteStore::task(TaskId id) {
  return require_row(db_->one(sql::kTask, read_task<Row>, id), "no such task");
}

Status SqliteStore::put_task(const Task& task) {
  auto status = db_->run(
      sql::kUpdateTask,
      name_of(task.state),
      task.done,
      task.skipped,
      task.cursor,
      or_null(task.error),
      task.updated_at,
      task.id
  );
  return changed_one(*db_, status, Errc::kNotFound, "no such task");
}

Status SqliteStore::put_last_outcomes(std::span<const LastOutcomes> outcomes) {
  for (const auto& [endpoint, success, failure, backpressure] : outcomes) {
    auto status = db_->run(
        sql::kPutLastOutcome,
        at_of(success),
        status_of(success),
        at_of(failure),
        status_of(failure),
        outcome_of(failure),
        backpressure.throttled_until,
        backpressure.rate_limited_until,
        endpoint
    );
    if (!status) return status;
  }
  return {};
}

Status SqliteStore::add_stats(std::span<const StatRow> rows) {
  for (const StatRow& row : rows) {
    const auto& attempts = row.attempts;
    auto status = db_->run(
        sql::kAddStat,
        row.minute,
        row.tenant,
        row.endpoint,
        row.events,
        row.delivered,
        row.dead,
        attempts[0],
        attempts[1],
        attempts[2],
        attempts[3],
        attempts[4],
        attempts[5],
        attempts[6],
        attempts[7],
        attempts[8],
        row.duration_ms_sum
    );
    if (!status) return status;
  }
  return {};
}

}  // namespace postrider::sqlite
