// Keys, event types, tasks and statistics, read.
#include "base/limits.h"
#include "store/sqlite/cursors.h"
#include "store/sqlite/setting_rows.h"
#include "store/sqlite/sql_settings.h"
#include "store/sqlite/sqlite_reader.h"

namespace postrider::sqlite {
namespace {

constexpr std::size_t kScanRowsMax = limits::kListScanRowsMax;
constexpr std::int64_t kAll = -1;  // SQLite's LIMIT without a limit
/// In front of the name in a cursor of event types, so that no name makes an empty cursor.
constexpr std::string_view kNameCursor = "n.";

template <class T>
Result<Page<T>> page_by_id(Cursor rows, T (*read)(const Row&), std::size_t limit) {
  PageBuilder<T> page(limit);
  while (page.wants_more() && rows.next()) {
    T row = read(rows.row());
    const std::string cursor = id_cursor(row.id.value);
    page.look_at(cursor, true, std::move(row));
  }
  if (!rows.ok()) return rows.error();
  return page.take();
}

}  // namespace

Result<Page<ApiKey>> SqliteReader::api_keys(const PageParams& params) {
  const auto before = id_before(params.cursor, kIdMax);
  if (!before) return tl::unexpected<Error>(before.error());
  return page_by_id<ApiKey>(
      db_->query(sql::kApiKeysBefore, *before, kScanRowsMax), read_api_key, params.limit
  );
}

Result<std::vector<ApiKey>> SqliteReader::all_api_keys() {
  return db_->all(sql::kApiKeysBefore, read_api_key, kIdMax, kAll);
}

Result<EventType> SqliteReader::event_type(std::string_view name) {
  auto found = db_->one(sql::kEventType, read_event_type, name);
  if (!found) return tl::unexpected<Error>(found.error());
  if (!*found) return fail(Errc::kNotFound, "no such event type");
  return std::move(**found);
}

Result<Page<EventType>> SqliteReader::event_types(const PageParams& params) {
  std::string_view after = params.cursor;
  if (!after.empty() && !after.starts_with(kNameCursor))
    return fail(Errc::kInvalidArgument, "cursor");
  if (!after.empty()) after.remove_prefix(kNameCursor.size());
  auto rows = db_->query(sql::kEventTypesAfter, after, kScanRowsMax);
  PageBuilder<EventType> page(params.limit);
  while (page.wants_more() && rows.next()) {
    EventType type = read_event_type(rows.row());
    std::string cursor = std::string{kNameCursor} + type.name;  // before the type is moved from
    page.look_at(std::move(cursor), true, std::move(type));
  }
  if (!rows.ok()) return rows.error();
  return page.take();
}

Result<std::vector<EventType>> SqliteReader::all_event_types() {
  return db_->all(sql::kEventTypesAfter, read_event_type, "", kAll);
}

Result<Task> SqliteReader::task(TaskId id) {
  auto found = db_->one(sql::kTask, read_task, id);
  if (!found) return tl::unexpected<Error>(found.error());
  if (!*found) return fail(Errc::kNotFound, "no such task");
  return std::move(**found);
}

Result<Page<Task>> SqliteReader::tasks(const PageParams& params) {
  const auto before = id_before(params.cursor, kIdMax);
  if (!before) return tl::unexpected<Error>(before.error());
  return page_by_id<Task>(
      db_->query(sql::kTasksBefore, *before, kScanRowsMax), read_task, params.limit
  );
}

Result<std::vector<Task>> SqliteReader::running_tasks() {
  return db_->all(sql::kRunningTasks, read_task);
}

Result<std::vector<StatRow>> SqliteReader::stats(const StatFilter& filter) {
  if (filter.bucket <= Millis{0}) return fail(Errc::kInvalidArgument, "bucket");
  const auto read = [&filter](const Row& row) {
    StatRow stat;
    stat.minute = row.time(0);
    stat.tenant = filter.tenant;
    stat.endpoint = filter.endpoint.value_or(EndpointId{});
    stat.events = row.i64(1);
    stat.delivered = row.i64(2);
    stat.dead = row.i64(3);
    for (std::size_t i = 0; i < kAttemptClassCount; ++i)
      stat.attempts.at(i) = row.i64(4 + static_cast<int>(i));
    stat.duration_ms_sum = row.i64(4 + static_cast<int>(kAttemptClassCount));
    return stat;
  };
  const auto tenant = or_null(filter.tenant);
  if (filter.endpoint) {
    return db_->all(
        sql::kStatsOfEndpoint,
        read,
        filter.bucket,
        filter.since,
        filter.until,
        tenant,
        *filter.endpoint
    );
  }
  return db_->all(sql::kStatsOfAll, read, filter.bucket, filter.since, filter.until, tenant);
}

}  // namespace postrider::sqlite
