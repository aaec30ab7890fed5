// Writes endpoints and their secrets.
#include "domain/endpoint_json.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/sql_endpoints.h"
#include "store/rows.h"
#include "store/yielded.h"

namespace postrider::postgres {
namespace {

tl::unexpected<Error> not_found() { return fail(Errc::kNotFound, "no such endpoint"); }

}  // namespace

Status PgStore::changed_endpoint(EndpointId id, const Result<Rows>& changed) {
  if (!changed) return tl::unexpected<Error>(changed.error());
  if (changed->changes() > 0) return {};
  const auto exists = db_->one(
      sql::kEndpointExists, [](const Row&) { return true; }, id
  );
  if (!exists) return tl::unexpected<Error>(exists.error());
  if (!*exists) return not_found();
  return fail(Errc::kBusy, "another node has just changed the endpoint", kSerializationFailure);
}

void PgStore::queue_secrets(EndpointId id, const std::vector<EndpointSecret>& secrets) {
  Array<std::int64_t> positions;
  Array<WallTime> created_at;
  Array<std::optional<WallTime>> expires_at;
  Array<Blob> values;
  for (const EndpointSecret& secret : secrets) {
    positions.add(positions.size());
    created_at.add(secret.created_at);
    expires_at.add(secret.expires_at);
    values.add(Blob{secret.value});
  }
  db_->queue(sql::kDeleteSecrets, id);
  db_->queue(sql::kInsertSecrets, id, positions, created_at, expires_at, values);
}

Result<EndpointId> PgStore::add_endpoint(const Endpoint& endpoint, WallTime now) {
  const EndpointId id{draw_id(now)};
  db_->queue(
      sql::kInsertEndpoint,
      id,
      endpoint.tenant,
      to_string(endpoint.state),
      name_or_null(endpoint.state_reason),
      now,
      now,
      now,
      endpoint.failing_since,
      endpoint.failed_attempts_count,
      encode_endpoint_config(endpoint.config)
  );
  queue_secrets(id, endpoint.secrets);
  changed_.endpoints.add(id);
  return db_->exchange().map([id](const auto&) { return id; });
}

Status PgStore::put_endpoint(const Endpoint& endpoint) {
  const auto changed = db_->query(
      sql::kUpdateEndpoint,
      to_string(endpoint.state),
      name_or_null(endpoint.state_reason),
      endpoint.state_changed_at,
      endpoint.updated_at,
      encode_endpoint_config(endpoint.config),
      endpoint.health_round,
      endpoint.id,
      known_.endpoints
  );
  if (auto status = changed_endpoint(endpoint.id, changed); !status) return status;
  changed_.endpoints.add(endpoint.id);
  queue_secrets(endpoint.id, endpoint.secrets);
  return db_->exchange().map([](const auto&) {});
}

Status PgStore::put_endpoint_health(
    EndpointId id,
    std::optional<WallTime> failing_since,
    std::int64_t failed_attempts_count,
    const std::optional<OpenCircuit>& circuit
) {
  std::optional<WallTime> opened_at;
  std::optional<WallTime> next_probe_at;
  std::optional<Millis> probe_delay;
  if (circuit) {
    opened_at = circuit->opened_at;
    next_probe_at = circuit->next_probe_at;
    probe_delay = circuit->probe_delay;
  }
  const auto changed = db_->query(
      sql::kUpdateEndpointHealth,
      failing_since,
      failed_attempts_count,
      opened_at,
      next_probe_at,
      probe_delay,
      id,
      known_.endpoints
  );
  return changed_endpoint(id, changed);
}

Result<std::vector<FailingEndpoint>> PgStore::failing_endpoints() {
  return db_->all(sql::kFailingEndpoints, read_failing_endpoint<Row>);
}

Status PgStore::delete_endpoint(EndpointId id, WallTime now) {
  const auto deleted = db_->query(sql::kDeleteEndpoint, now, id);
  if (!deleted) return tl::unexpected<Error>(deleted.error());
  if (deleted->changes() == 0) return not_found();
  changed_.endpoints.add(id);
  return db_->run(sql::kDeleteSecrets, id);
}

Result<std::vector<EndpointId>> PgStore::prune_secrets(WallTime now) {
  auto ids = db_->all(
      sql::kExpiredSecrets, [](const Row& row) { return EndpointId{row.i64(0)}; }, now
  );
  if (!ids || ids->empty()) return ids;
  for (const EndpointId id : *ids) changed_.endpoints.add(id);
  if (auto status = db_->run(sql::kDeleteExpiredSecrets, now); !status)
    return tl::unexpected<Error>(status.error());
  return ids;
}

}  // namespace postrider::postgres
