// Reads endpoints.
#include <unordered_map>
#include <utility>

#include "store/postgres/endpoint_rows.h"
#include "store/postgres/page_parts.h"
#include "store/postgres/pg_reader.h"
#include "store/postgres/sql_database.h"
#include "store/postgres/sql_endpoints.h"
#include "store/rows.h"

namespace postrider::postgres {

Result<Endpoint> read_versioned_endpoint(const Row& row) {
  auto endpoint = read_endpoint(row);
  if (endpoint) endpoint->version = row.i64(kVersionColumn);
  return endpoint;
}

Result<std::vector<Endpoint>> read_endpoints(const Result<Rows>& rows) {
  if (!rows) return tl::unexpected<Error>(rows.error());
  std::vector<Endpoint> found;
  for (int i = 0; i < rows->size(); ++i) {
    auto endpoint = read_versioned_endpoint(rows->row(i));
    if (!endpoint) return tl::unexpected<Error>(endpoint.error());
    found.push_back(std::move(*endpoint));
  }
  return found;
}

Status add_secrets(Connection& db, std::vector<Endpoint>& endpoints) {
  if (endpoints.empty()) return {};
  Array<EndpointId> ids;
  for (const Endpoint& endpoint : endpoints) ids.add(endpoint.id);
  const auto rows = db.query(sql::kSecretsOf, ids);
  if (!rows) return tl::unexpected<Error>(rows.error());
  std::unordered_map<std::int64_t, std::vector<EndpointSecret>> secrets;
  for (int i = 0; i < rows->size(); ++i) {
    const Row row = rows->row(i);
    secrets[row.i64(0)].push_back(read_secret(row, 1));
  }
  for (Endpoint& endpoint : endpoints) endpoint.secrets = std::move(secrets[endpoint.id.value]);
  return {};
}

Result<Endpoint> PgReader::endpoint(EndpointId id) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  auto found = read_endpoints(db_->query(sql::kEndpoint, id));
  if (!found) return tl::unexpected<Error>(found.error());
  if (found->empty()) return fail(Errc::kNotFound, "no such endpoint");
  if (auto status = add_secrets(*db_, *found); !status)
    return tl::unexpected<Error>(status.error());
  return std::move(found->front());
}

Result<std::vector<Endpoint>> PgReader::all_endpoints() {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  auto found = read_endpoints(db_->query(sql::kAllEndpoints));
  if (!found) return found;
  if (auto status = add_secrets(*db_, *found); !status)
    return tl::unexpected<Error>(status.error());
  return found;
}

Result<Page<Endpoint>> PgReader::endpoints(const EndpointFilter& filter, const PageParams& params) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const auto first = id_before(params.cursor, kIdMax);
  if (!first) return tl::unexpected<Error>(first.error());
  const auto fetch = [&](std::int64_t before, std::size_t rows_max) {
    return read_endpoints(
        filter.tenant.empty() ? db_->query(sql::kEndpointsBefore, before, rows_max)
                              : db_->query(sql::kEndpointsOfTenant, filter.tenant, before, rows_max)
    );
  };
  const auto look = [&](const Endpoint& endpoint) {
    const std::int64_t id = endpoint.id.value;
    const bool wanted = !filter.state || endpoint.state == *filter.state;
    return Looked<Endpoint, std::int64_t>{id, id_cursor(id), wanted};
  };
  auto page = page_in_parts<Endpoint>(params.limit, *first, fetch, look);
  if (!page) return page;
  if (auto status = add_secrets(*db_, page->rows); !status)
    return tl::unexpected<Error>(status.error());
  return page;
}

Result<std::int64_t> PgReader::count_open_circuits() {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  return db_->one(
                sql::kOpenCircuits, [](const Row& row) { return row.i64(0); }
  ).map([](const auto& count) { return count.value_or(0); });
}

Result<StoreGauges> PgReader::gauges() {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  StoreGauges gauges;
  const auto counts = db_->one(sql::kEndpointCounts, read_endpoint_counts<Row>);
  if (!counts) return tl::unexpected<Error>(counts.error());
  gauges.endpoints = counts->value_or(gauges.endpoints);
  const auto bytes = db_->one(sql::kDatabaseBytes, [](const Row& row) { return row.i64(0); });
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  gauges.database_bytes = bytes->value_or(0);
  return gauges;
}

Result<std::vector<EndpointHealth>> PgReader::endpoint_health(std::span<const EndpointId> ids) {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  Array<EndpointId> wanted;
  for (const EndpointId id : ids) wanted.add(id);
  const auto rows = db_->query(sql::kEndpointHealth, limits::kWaitingCountMax + 1, wanted);
  if (!rows) return tl::unexpected<Error>(rows.error());
  std::vector<EndpointHealth> found;
  found.reserve(ids.size());
  for (int i = 0; i < rows->size(); ++i)
    found.push_back(read_health(rows->row(i), ids[static_cast<std::size_t>(i)]));
  return rows->check().map([&] { return std::move(found); });
}

}  // namespace postrider::postgres
