// Reads endpoints.
#include <filesystem>
#include <system_error>

#include "base/limits.h"
#include "store/cursors.h"
#include "store/rows.h"
#include "store/sqlite/sql_endpoints.h"
#include "store/sqlite/sql_file.h"
#include "store/sqlite/sqlite_reader.h"

namespace postrider::sqlite {
namespace {

Result<std::vector<Endpoint>> read_all(Cursor& rows) {
  std::vector<Endpoint> found;
  while (rows.next()) {
    auto endpoint = read_endpoint(rows.row());
    if (!endpoint) return tl::unexpected<Error>(endpoint.error());
    found.push_back(std::move(*endpoint));
  }
  if (!rows.ok()) return rows.error();
  return found;
}

}  // namespace

Status SqliteReader::add_secrets(std::vector<Endpoint>& endpoints) {
  for (Endpoint& endpoint : endpoints) {
    auto secrets = db_->all(
        sql::kSecretsOf, [](const Row& row) { return read_secret(row); }, endpoint.id
    );
    if (!secrets) return tl::unexpected<Error>(secrets.error());
    endpoint.secrets = std::move(*secrets);
  }
  return {};
}

Result<Endpoint> SqliteReader::endpoint(EndpointId id) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  auto rows = db_->query(sql::kEndpoint, id);
  auto found = read_all(rows);
  if (!found) return tl::unexpected<Error>(found.error());
  if (found->empty()) return fail(Errc::kNotFound, "no such endpoint");
  if (auto status = add_secrets(*found); !status) return tl::unexpected<Error>(status.error());
  return std::move(found->front());
}

Result<std::vector<Endpoint>> SqliteReader::all_endpoints() {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  auto rows = db_->query(sql::kAllEndpoints);
  auto found = read_all(rows);
  if (!found) return found;
  if (auto status = add_secrets(*found); !status) return tl::unexpected<Error>(status.error());
  return found;
}

Result<Page<Endpoint>> SqliteReader::endpoints(
    const EndpointFilter& filter, const PageParams& params
) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const auto before = id_before(params.cursor, kIdMax);
  if (!before) return tl::unexpected<Error>(before.error());
  auto rows =
      filter.tenant.empty()
          ? db_->query(sql::kEndpointsBefore, *before, limits::kListScanRowsMax)
          : db_->query(sql::kEndpointsOfTenant, filter.tenant, *before, limits::kListScanRowsMax);
  PageBuilder<Endpoint> page(params.limit);
  while (page.wants_more() && rows.next()) {
    auto endpoint = read_endpoint(rows.row());
    if (!endpoint) return tl::unexpected<Error>(endpoint.error());
    const bool wanted = !filter.state || endpoint->state == *filter.state;
    page.look_at(id_cursor(endpoint->id.value), wanted, std::move(*endpoint));
  }
  if (!rows.ok()) return rows.error();
  auto built = page.take();
  if (auto status = add_secrets(built.rows); !status) return tl::unexpected<Error>(status.error());
  return built;
}

Result<std::int64_t> SqliteReader::count_open_circuits() {
  return db_->one(
                sql::kOpenCircuits, [](const Row& row) { return row.i64(0); }
  ).map([](const auto& count) { return count.value_or(0); });
}

Result<StoreGauges> SqliteReader::gauges() {
  StoreGauges gauges;
  const auto counts = db_->one(sql::kEndpointCounts, read_endpoint_counts<Row>);
  if (!counts) return tl::unexpected<Error>(counts.error());
  gauges.endpoints = counts->value_or(gauges.endpoints);
  const auto read = [](const Row& row) { return row.i64(0); };
  const auto count = db_->one(sql::kPageCount, read);
  const auto size = db_->one(sql::kPageSize, read);
  if (!count || !size) return tl::unexpected<Error>((count ? size : count).error());
  gauges.database_bytes = count->value_or(0) * size->value_or(0);
  std::error_code missing;  // the log exists while the database is open
  const auto wal_bytes = std::filesystem::file_size(path_ + "-wal", missing);
  gauges.wal_bytes = missing ? 0 : static_cast<std::int64_t>(wal_bytes);
  return gauges;
}

Result<std::vector<EndpointHealth>> SqliteReader::endpoint_health(std::span<const EndpointId> ids) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  std::vector<EndpointHealth> found;
  found.reserve(ids.size());
  for (const EndpointId id : ids) {
    const auto read = [id](const Row& row) { return read_health(row, id); };
    auto health = db_->one(sql::kEndpointHealth, read, limits::kWaitingCountMax + 1, id);
    if (!health) return tl::unexpected<Error>(health.error());
    if (*health) found.push_back(**health);  // there is a row for every id
  }
  return found;
}

}  // namespace postrider::sqlite
