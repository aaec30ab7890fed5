// Records the requests that count against rate limits.
#include <algorithm>
#include <map>

#include "store/postgres/pg_connection.h"
#include "store/postgres/pg_reader.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/sql_sends.h"

namespace postrider::postgres {
namespace {

std::int64_t micros(MonoTime time) { return time.time_since_epoch().count(); }

}  // namespace

// Requests older than the period are outside of every window that contains this request or a later
// one, so they are removed at once.
void PgStore::queue_sends(std::span<const Settlement> settlements, WallTime now) {
  Array<EndpointId> endpoints;
  Array<std::int64_t> sent_at;
  Array<std::int64_t> ids;
  std::map<EndpointId, std::int64_t> until;
  for (const Settlement& one : settlements) {
    if (!one.rate_period) continue;
    endpoints.add(one.endpoint);
    sent_at.add(micros(one.sent_at));
    ids.add(draw_id(now));
    const std::int64_t over = micros(one.sent_at - *one.rate_period);
    const auto known = until.emplace(one.endpoint, over).first;
    known->second = std::max(known->second, over);
  }
  if (until.empty()) return;
  Array<EndpointId> trimmed;
  Array<std::int64_t> trimmed_until;
  for (const auto& [endpoint, over] : until) {
    trimmed.add(endpoint);
    trimmed_until.add(over);
  }
  db_->queue(sql::kRecordSends, boot_, endpoints, sent_at, ids);
  db_->queue(sql::kTrimSends, trimmed, trimmed_until);
}

Status PgStore::rebase_sends(EndpointId endpoint, MonoTime now) {
  return db_->run(sql::kRebaseSends, micros(now), boot_, endpoint);
}

Status PgStore::assume_sends(
    EndpointId endpoint, std::size_t count_max, WallTime now, MonoTime sent_at
) {
  const auto due = db_->one(
      sql::kDueCount, [](const Row& row) { return row.i64(0); }, endpoint, now, count_max
  );
  if (!due) return tl::unexpected<Error>(due.error());
  Array<EndpointId> endpoints;
  Array<std::int64_t> instants;
  Array<std::int64_t> ids;
  for (std::int64_t i = 0; i < due->value_or(0); ++i) {
    endpoints.add(endpoint);
    instants.add(micros(sent_at));
    ids.add(draw_id(now));
  }
  return ids.size() == 0 ? Status{} : db_->run(sql::kRecordSends, boot_, endpoints, instants, ids);
}

Status PgStore::forget_sends(EndpointId endpoint) { return db_->run(sql::kForgetSends, endpoint); }

Result<std::vector<std::pair<EndpointId, MonoTime>>> PgReader::recent_sends() {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  return db_->all(sql::kRecentSends, read_send<Row>);
}

}  // namespace postrider::postgres
