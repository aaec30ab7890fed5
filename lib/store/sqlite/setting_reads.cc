// Reads keys, event types, tasks and statistics.
#include "base/limits.h"
#include "store/cursors.h"
#include "store/setting_rows.h"
#include "store/sqlite/sql_settings.h"
#include "store/sqlite/sqlite_reader.h"

namespace postrider::sqlite {
namespace {

constexpr std::size_t kScanRowsMax = limits::kListScanRowsMax;
constexpr std::int64_t kAll = -1;  // SQLite's LIMIT without a limit

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
      db_->query(sql::kApiKeysBefore, *before, kScanRowsMax), read_api_key<Row>, params.limit
  );
}

Result<std::vector<ApiKey>> SqliteReader::all_api_keys() {
  return db_->all(sql::kApiKeysBefore, read_api_key<Row>, kIdMax, kAll);
}

Result<EventType> SqliteReader::event_type(std::string_view name) {
  return require_row(db_->one(sql::kEventType, read_event_type<Row>, name), "no such event type");
}

Result<Page<EventType>> SqliteReader::event_types(const PageParams& params) {
  const auto after = name_after(params.cursor);
  if (!after) return tl::unexpected<Error>(after.error());
  auto rows = db_->query(sql::kEventTypesAfter, *after, kScanRowsMax);
  PageBuilder<EventType> page(params.limit);
  while (page.wants_more() && rows.next()) {
    EventType type = read_event_type(rows.row());
    std::string cursor = name_cursor(type.name);  // before the type is moved from
    page.look_at(std::move(cursor), true, std::move(type));
  }
  if (!rows.ok()) return rows.error();
  return page.take();
}

Result<std::vector<EventType>> SqliteReader::all_event_types() {
  return db_->all(sql::kEventTypesAfter, read_event_type<Row>, "", kAll);
}

Result<Task> SqliteReader::task(TaskId id) {
  return require_row(db_->one(sql::kTask, read_task<Row>, id), "no such task");
}

Result<Page<Task>> SqliteReader::tasks(const PageParams& params) {
  const auto before = id_before(params.cursor, kIdMax);
  if (!before) return tl::unexpected<Error>(before.error());
  return page_by_id<Task>(
      db_->query(sql::kTasksBefore, *before, kScanRowsMax), read_task<Row>, params.limit
  );
}

Result<std::vector<Task>> SqliteReader::running_tasks() {
  return db_->all(sql::kRunningTasks, read_task<Row>);
}

Result<std::vector<StatRow>> SqliteReader::stats(const StatFilter& filter) {
  if (filter.bucket <= Millis{0}) return fail(Errc::kInvalidArgument, "bucket");
  const auto read = [&filter](const Row& row) { return read_stat(row, filter); };
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
