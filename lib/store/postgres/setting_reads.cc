// Reads keys, event types, tasks and statistics.
#include <optional>

#include "store/postgres/page_parts.h"
#include "store/postgres/pg_reader.h"
#include "store/postgres/sql_settings.h"
#include "store/setting_rows.h"

namespace postrider::postgres {
namespace {

constexpr std::optional<std::int64_t> kAll;  // a LIMIT of NULL

}  // namespace

Result<Page<ApiKey>> PgReader::api_keys(const PageParams& params) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  return page_by_id<ApiKey>(params, [&](std::int64_t before, std::size_t rows_max) {
    return db_->all(sql::kApiKeysBefore, read_api_key<Row>, before, rows_max);
  });
}

Result<std::vector<ApiKey>> PgReader::all_api_keys() {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  return db_->all(sql::kApiKeysBefore, read_api_key<Row>, kIdMax, kAll);
}

Result<EventType> PgReader::event_type(std::string_view name) {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  return require_row(db_->one(sql::kEventType, read_event_type<Row>, name), "no such event type");
}

Result<Page<EventType>> PgReader::event_types(const PageParams& params) {
  const auto first = name_after(params.cursor);
  if (!first) return tl::unexpected<Error>(first.error());
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const auto fetch = [&](const std::string& after, std::size_t rows_max) {
    return db_->all(sql::kEventTypesAfter, read_event_type<Row>, after, rows_max);
  };
  const auto look = [](const EventType& type) {
    return Looked<EventType, std::string>{type.name, name_cursor(type.name)};
  };
  return page_in_parts<EventType>(params.limit, std::string{*first}, fetch, look);
}

Result<std::vector<EventType>> PgReader::all_event_types() {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  return db_->all(sql::kEventTypesAfter, read_event_type<Row>, "", kAll);
}

Result<Task> PgReader::task(TaskId id) {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  return require_row(db_->one(sql::kTask, read_task<Row>, id), "no such task");
}

Result<Page<Task>> PgReader::tasks(const PageParams& params) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  return page_by_id<Task>(params, [&](std::int64_t before, std::size_t rows_max) {
    return db_->all(sql::kTasksBefore, read_task<Row>, before, rows_max);
  });
}

Result<std::vector<Task>> PgReader::running_tasks() {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  return db_->all(sql::kRunningTasks, read_task<Row>);
}

Result<std::vector<StatRow>> PgReader::stats(const StatFilter& filter) {
  if (filter.bucket <= Millis{0}) return fail(Errc::kInvalidArgument, "bucket");
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  const auto read = [&filter](const Row& row) { return read_stat(row, filter); };
  const auto tenant = or_null(filter.tenant);
  if (filter.endpoint) {
    return db_->all(
        sql::kStatsOfEndpoint,
        read,
        filter.bucket,
        *filter.endpoint,
        filter.since,
        filter.until,
        tenant
    );
  }
  return db_->all(sql::kStatsOfAll, read, filter.bucket, filter.since, filter.until, tenant);
}

}  // namespace postrider::postgres
