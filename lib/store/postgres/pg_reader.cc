#include "store/postgres/pg_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "store/postgres/database.h"
#include "store/postgres/pg_store.h"
#include "store/postgres/sql_database.h"
#include "store/postgres/sql_deliveries.h"
#include "store/postgres/sql_events.h"
#include "store/postgres/sql_session.h"
#include "store/rows.h"

namespace postrider::postgres {
namespace {

/// The most ids of one statement. Parts grow up to it if the lane holds most of the due deliveries.
constexpr std::size_t kIdsMax = 4096;

std::int64_t read_i64(const Row& row) { return row.i64(0); }

/// The position after which a page continues.
struct DuePlace {
  std::int64_t due_at_ms = std::numeric_limits<std::int64_t>::min();
  std::int64_t id = 0;
};

}  // namespace

Snapshot::Snapshot(Connection& db) : db_(db), status_(db.ensure_open()) {
  if (status_) db_.queue(sql::kBeginRead);
}

Snapshot::~Snapshot() {
  db_.drop_queued();
  // Nothing was written, so an error can be ignored.
  if (db_.in_transaction()) static_cast<void>(db_.run(sql::kRollback).has_value());
}

Result<std::vector<Rows>> Snapshot::end() {
  db_.queue(sql::kCommit);
  auto results = db_.exchange();
  if (results) results->pop_back();
  return results;
}

Result<std::unique_ptr<StoreReader>> PgReaders::open() { return PgReader::open(url_); }

Result<std::unique_ptr<StoreReader>> PgReader::open(const std::string& url) {
  auto db = open_readable(url);
  if (!db) return tl::unexpected<Error>(db.error());
  const auto salt = (*db)->one(sql::kMetaValue, read_i64, "id_salt");
  if (!salt) return tl::unexpected<Error>(salt.error());
  if (!*salt)
    return fail(Errc::kCorrupt, "the schema " + (*db)->schema() + " has lost its id_salt");
  return std::unique_ptr<StoreReader>{
      new PgReader(std::move(*db), static_cast<std::uint64_t>(**salt))};
}

Result<std::vector<DeliveryId>> PgReader::due_ids(const DueParams& params, DuePage& page) {
  std::vector<DeliveryId> ids;
  DuePlace place;
  std::size_t part = params.rows_max + 1;
  bool left = true;
  while (left && !page.more) {
    const auto rows =
        db_->query(sql::kDueIds, params.endpoint, params.now, place.due_at_ms, place.id, part);
    if (!rows) return tl::unexpected<Error>(rows.error());
    for (int i = 0; i < rows->size() && !page.more; ++i) {
      place = {rows->row(i).i64(0), rows->row(i).i64(1)};
      if (params.is_held && params.is_held({place.id})) continue;
      page.more = ids.size() == params.rows_max;
      if (!page.more) ids.push_back({place.id});
    }
    left = std::cmp_equal(rows->size(), part);
    part = std::max(part, std::min(part * 4, kIdsMax));
  }
  return ids;
}

Result<DuePage> PgReader::due(const DueParams& params) {
  Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  DuePage page;
  const auto ids = due_ids(params, page);
  if (!ids) return tl::unexpected<Error>(ids.error());
  Array<DeliveryId> wanted;
  for (const DeliveryId id : *ids) wanted.add(id);
  db_->queue(sql::kNextDueAt, params.endpoint, params.now);
  db_->queue(sql::kNewestDelivery, params.endpoint);
  db_->queue(sql::kDueDeliveries, wanted);
  const auto results = snapshot.end();
  if (!results) return tl::unexpected<Error>(results.error());
  const auto next_due_at = (*results)[0].one([](const Row& row) { return row.time(0); });
  if (!next_due_at) return tl::unexpected<Error>(next_due_at.error());
  page.next_due_at = *next_due_at;
  const Row newest = (*results)[1].row(0);
  page.newest = {newest.i64(0)};
  page.endpoint_version = newest.i64(1);
  auto rows = (*results)[2].all(read_due<Row>);
  if (!rows) return tl::unexpected<Error>(std::move(rows).error());
  page.rows = std::move(*rows);
  // The snapshot has the deliveries, so an event is missing.
  if (page.rows.size() != ids->size())
    return tl::unexpected<Error>(damaged_row("a pending delivery has no event"));
  return page;
}

Result<std::vector<PendingDelivery>> PgReader::pending(std::span<const DeliveryId> ids) {
  constexpr int kVersion = kDeliveryColumns + kEventColumns;
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  Array<DeliveryId> wanted;
  for (const DeliveryId id : ids) wanted.add(id);
  const auto read = [](const Row& row) {
    return PendingDelivery{.pending = read_due(row), .endpoint_version = row.i64(kVersion)};
  };
  return db_->all(sql::kPendingDeliveries, read, wanted);
}

Result<std::vector<WaitingEndpoint>> PgReader::waiting_endpoints(
    EndpointId after, std::size_t rows_max
) {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  return db_->all(
      sql::kWaitingEndpoints,
      [](const Row& row) {
        return WaitingEndpoint{.endpoint = {row.i64(0)}, .due_at = row.optional_time(1)};
      },
      after,
      rows_max
  );
}

Result<bool> PgReader::outbox_waiting() {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  return db_->one(
                sql::kOutboxWaiting, [](const Row& row) { return row.boolean(0); }
  ).map([](const auto& found) { return found.value_or(false); });
}

}  // namespace postrider::postgres
