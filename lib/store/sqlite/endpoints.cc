// Writes endpoints and their secrets.
#include "domain/endpoint_json.h"
#include "store/rows.h"
#include "store/sqlite/sql_endpoints.h"
#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::sqlite {
namespace {

Status found(const Db& db, Status status) {
  if (status && db.changes() == 0) return fail(Errc::kNotFound, "no such endpoint");
  return status;
}

}  // namespace

Status SqliteStore::put_secrets(EndpointId id, const std::vector<EndpointSecret>& secrets) {
  if (auto status = db_->run(sql::kDeleteSecrets, id); !status) return status;
  std::int64_t position = 0;
  for (const EndpointSecret& secret : secrets) {
    auto status = db_->run(
        sql::kInsertSecret, id, position++, secret.created_at, secret.expires_at, secret.value
    );
    if (!status) return status;
  }
  return {};
}

Result<EndpointId> SqliteStore::add_endpoint(const Endpoint& endpoint, WallTime now) {
  const auto drawn = draw_id(now);
  if (!drawn) return tl::unexpected<Error>(drawn.error());
  const EndpointId id{*drawn};
  auto status = db_->run(
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
  if (status) status = put_secrets(id, endpoint.secrets);
  if (!status) return tl::unexpected<Error>(status.error());
  return id;
}

Status SqliteStore::put_endpoint(const Endpoint& endpoint) {
  auto status = found(
      *db_,
      db_->run(
          sql::kUpdateEndpoint,
          to_string(endpoint.state),
          name_or_null(endpoint.state_reason),
          endpoint.state_changed_at,
          endpoint.updated_at,
          encode_endpoint_config(endpoint.config),
          endpoint.health_round,
          endpoint.id
      )
  );
  return status ? put_secrets(endpoint.id, endpoint.secrets) : status;
}

Result<std::vector<FailingEndpoint>> SqliteStore::failing_endpoints() {
  return db_->all(sql::kFailingEndpoints, read_failing_endpoint<Row>);
}

Status SqliteStore::put_endpoint_health(
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
  return found(
      *db_,
      db_->run(
          sql::kUpdateEndpointHealth,
          failing_since,
          failed_attempts_count,
          opened_at,
          next_probe_at,
          probe_delay,
          id
      )
  );
}

Status SqliteStore::delete_endpoint(EndpointId id, WallTime now) {
  auto status = found(*db_, db_->run(sql::kDeleteEndpoint, now, id));
  return status ? db_->run(sql::kDeleteSecrets, id) : status;
}

Result<std::vector<EndpointId>> SqliteStore::prune_secrets(WallTime now) {
  auto ids = db_->all(
      sql::kExpiredSecrets, [](const Row& row) { return EndpointId{row.i64(0)}; }, now
  );
  if (!ids || ids->empty()) return ids;
  if (auto status = db_->run(sql::kDeleteExpiredSecrets, now); !status)
    return tl::unexpected<Error>(status.error());
  return ids;
}

}  // namespace postrider::sqlite
