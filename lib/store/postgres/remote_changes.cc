// Reads the changes of other nodes, and announces the changes of this one.
#include "store/node_channel.h"
#include "store/postgres/endpoint_rows.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/sql_endpoints.h"
#include "store/postgres/sql_messages.h"
#include "store/postgres/sql_nodes.h"
#include "store/postgres/sql_settings.h"
#include "store/rows.h"

namespace postrider::postgres {

PgStore::Versions PgStore::read_versions(const Row& row) {
  return {.endpoints = row.i64(0), .settings = row.i64(1)};
}

Result<RemoteChanges> PgStore::pull_remote_changes() {
  const auto read = db_->query(sql::kVersions);
  if (!read) return tl::unexpected<Error>(read.error());
  const Row row = read->row(0);
  const Versions now = read_versions(row);
  ids_.skip_to(row.i64(2));
  RemoteChanges changes;
  changes.settings = now.settings != known_.settings;
  if (now.endpoints != known_.endpoints) {
    if (auto status = read_changed(changes); !status) return tl::unexpected<Error>(status.error());
  }
  known_ = now;
  return changes;
}

Status PgStore::read_changed(RemoteChanges& changes) {
  constexpr int kIsDeleted = kVersionColumn + 1;
  const auto rows = db_->query(sql::kEndpointsOfVersions, known_.endpoints);
  if (!rows) return tl::unexpected<Error>(rows.error());
  for (int i = 0; i < rows->size(); ++i) {
    const Row row = rows->row(i);
    if (row.boolean(kIsDeleted)) {
      changes.endpoints_removed.push_back({row.i64(0)});
      continue;
    }
    auto endpoint = read_versioned_endpoint(row);
    if (!endpoint) return tl::unexpected<Error>(endpoint.error());
    changes.endpoints.push_back(std::move(*endpoint));
  }
  return add_secrets(*db_, changes.endpoints);
}

void PgStore::queue_raised_versions() {
  if (changed_.endpoints.size() > 0) db_->queue(sql::kRaiseEndpointsVersion, changed_.endpoints);
  if (changed_.settings) db_->queue(sql::kRaiseSettingsVersion);
  if (changed_.endpoints.size() > 0 || changed_.settings) db_->queue(sql::kNotify, kRefreshMessage);
}

}  // namespace postrider::postgres
