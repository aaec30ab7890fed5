// Records the requests that count against rate limits.
#include "store/sqlite/sql_sends.h"
#include "store/sqlite/sqlite_reader.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::sqlite {
namespace {

std::int64_t micros(MonoTime time) { return time.time_since_epoch().count(); }

}  // namespace

Status SqliteStore::record_send(EndpointId endpoint, MonoTime sent_at, WallTime now) {
  const auto id = draw_id(now);
  if (!id) return tl::unexpected<Error>(id.error());
  return db_->run(sql::kRecordSend, endpoint, micros(sent_at), *id, boot_);
}

Status SqliteStore::record_sent(const Settlement& settlement, WallTime now) {
  if (!settlement.rate_period) return {};
  auto status = record_send(settlement.endpoint, settlement.sent_at, now);
  if (!status) return status;
  // Older requests are outside of every window that contains this request or a later one.
  const MonoTime until = settlement.sent_at - *settlement.rate_period;
  return db_->run(sql::kTrimSends, settlement.endpoint, micros(until));
}

Status SqliteStore::rebase_sends(EndpointId endpoint, MonoTime now) {
  return db_->run(sql::kRebaseSends, micros(now), boot_, endpoint);
}

Status SqliteStore::assume_sends(
    EndpointId endpoint, std::size_t count_max, WallTime now, MonoTime sent_at
) {
  const auto due = db_->one(
      sql::kDueCount, [](const Row& row) { return row.i64(0); }, endpoint, now, count_max
  );
  if (!due) return tl::unexpected<Error>(due.error());
  for (std::int64_t i = 0; i < due->value_or(0); ++i) {
    if (auto status = record_send(endpoint, sent_at, now); !status) return status;
  }
  return {};
}

Status SqliteStore::forget_sends(EndpointId endpoint) {
  return db_->run(sql::kForgetSends, endpoint);
}

Result<std::vector<std::pair<EndpointId, MonoTime>>> SqliteReader::recent_sends() {
  return db_->all(sql::kRecentSends, read_send<Row>);
}

}  // namespace postrider::sqlite
