#include "store/sqlite/sqlite_reader.h"

#include "store/sqlite/database_file.h"
#include "store/sqlite/sql_deliveries.h"
#include "store/sqlite/sql_events.h"
#include "store/sqlite/sql_file.h"
#include "store/sqlite/sqlite_store.h"

namespace postrider::sqlite {
namespace {

std::int64_t read_i64(const Row& row) { return row.i64(0); }

}  // namespace

Result<std::unique_ptr<StoreReader>> SqliteReaders::open() { return SqliteReader::open(path_); }

Result<std::unique_ptr<StoreReader>> SqliteReader::open(const std::string& path) {
  auto db = open_readable(path);
  if (!db) return tl::unexpected<Error>(db.error());
  const auto salt = (*db)->one(sql::kMetaValue, read_i64, "id_salt");
  if (!salt) return tl::unexpected<Error>(salt.error());
  if (!*salt) return fail(Errc::kCorrupt, path + " has lost its id_salt");
  return std::unique_ptr<StoreReader>{
      new SqliteReader(path, std::move(*db), static_cast<std::uint64_t>(**salt))};
}

Result<DuePage> SqliteReader::due(const DueParams& params) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  DuePage page;
  std::vector<DeliveryId> ids;
  {
    auto rows = db_->query(sql::kDueIds, params.endpoint, params.now);
    while (!page.more && rows.next()) {
      const DeliveryId id{rows.row().i64(0)};
      if (params.is_held && params.is_held(id)) continue;
      if (ids.size() < params.rows_max) {
        ids.push_back(id);
      } else {
        page.more = true;
      }
    }
    if (!rows.ok()) return rows.error();
  }
  if (auto status = read_due_rows(params, ids, page); !status)
    return tl::unexpected<Error>(status.error());
  return page;
}

Result<std::vector<PendingDelivery>> SqliteReader::pending(std::span<const DeliveryId> ids) {
  std::vector<PendingDelivery> found;
  for (const DeliveryId id : ids) {
    auto row = db_->one(sql::kPendingDelivery, read_due<Row>, id);
    if (!row) return tl::unexpected<Error>(row.error());
    if (*row) found.push_back({.pending = std::move(**row)});
  }
  return found;
}

Status SqliteReader::read_due_rows(
    const DueParams& params, const std::vector<DeliveryId>& ids, DuePage& page
) {
  page.rows.reserve(ids.size());
  for (const DeliveryId id : ids) {
    auto row = db_->one(sql::kPendingDelivery, read_due<Row>, id);
    if (!row) return tl::unexpected<Error>(row.error());
    // The snapshot has the delivery. Its event is missing only if foreign keys were switched off.
    if (!*row) return tl::unexpected<Error>(damaged_row("a pending delivery has no event"));
    page.rows.push_back(std::move(**row));
  }
  const auto next = db_->one(
      sql::kNextDueAt, [](const Row& row) { return row.time(0); }, params.endpoint, params.now
  );
  if (!next) return tl::unexpected<Error>(next.error());
  page.next_due_at = *next;
  const auto newest = db_->one(sql::kNewestDelivery, read_i64);
  if (!newest) return tl::unexpected<Error>(newest.error());
  page.newest = {newest->value_or(0)};
  return {};
}

Result<std::vector<WaitingEndpoint>> SqliteReader::waiting_endpoints(
    EndpointId after, std::size_t rows_max
) {
  return db_->all(
      sql::kWaitingEndpoints,
      [](const Row& row) {
        return WaitingEndpoint{.endpoint = {row.i64(0)}, .due_at = row.optional_time(1)};
      },
      after,
      rows_max
  );
}

Result<bool> SqliteReader::outbox_waiting() {
  const auto version = db_->one(sql::kDataVersion, read_i64);
  if (!version) return tl::unexpected<Error>(version.error());
  if (version->value_or(0) == data_version_) return false;
  const auto row = db_->one(sql::kOutboxWaiting, read_i64);
  if (!row) return tl::unexpected<Error>(row.error());
  data_version_ = version->value_or(0);
  return row->has_value();
}

}  // namespace postrider::sqlite
