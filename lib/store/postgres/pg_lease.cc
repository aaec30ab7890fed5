#include "store/postgres/pg_lease.h"

#include <utility>

#include "store/postgres/database.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/sql_nodes.h"

namespace postrider::postgres {

Result<std::unique_ptr<PgLease>> PgLease::join(const std::string& url, Millis duration) {
  auto db = open_writable(url);
  if (!db) return tl::unexpected<Error>(db.error());
  const auto node = (*db)->one(
      sql::kJoin, [](const Row& row) { return row.i64(0); }, duration
  );
  if (!node) return tl::unexpected<Error>(node.error());
  // Only now: a copy begins where no node is in line.
  const Status whole = refuse_unfinished_copy(**db);
  std::unique_ptr<PgLease> lease{new PgLease(std::move(*db), node->value_or(0), duration)};
  if (whole) return lease;
  lease->leave();
  return tl::unexpected<Error>(whole.error());
}

PgLease::PgLease(std::unique_ptr<Connection> db, std::int64_t node, Millis duration)
    : db_(std::move(db)), node_(node), duration_(duration) {}

PgLease::~PgLease() = default;

Result<bool> PgLease::renew() {
  if (auto open = db_->ensure_open(); !open) return tl::unexpected<Error>(open.error());
  // One that is held by a transaction of its node is for the next time.
  const Status removed = db_->run(sql::kRemoveEnded, node_);
  if (!removed && removed.error().code != Errc::kBusy)
    return tl::unexpected<Error>(removed.error());
  const auto is_first = [](const Row& row) { return row.boolean(0); };
  const auto renewed = db_->one(sql::kRenew, is_first, duration_, node_);
  if (!renewed) return tl::unexpected<Error>(renewed.error());
  if (!*renewed) return fail(Errc::kNotFound, "another node has followed this one");
  return **renewed;
}

void PgLease::leave() {
  // A lease that cannot be left ends by itself.
  if (db_->ensure_open()) static_cast<void>(db_->run(sql::kLeave, node_).has_value());
}

}  // namespace postrider::postgres
