#include "store/postgres/pg_lease.h"

#include <utility>

#include "store/postgres/database.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/sql_nodes.h"

namespace postrider::postgres {
namespace {

/// How often to try: nodes that join at once may choose the same slot.
constexpr int kJoinTries = 20;

Result<std::int64_t> join_once(Connection& db, Millis duration) {
  const auto node = db.one(
      sql::kJoin, [](const Row& row) { return row.i64(0); }, duration
  );
  if (!node) return tl::unexpected<Error>(node.error());
  return node->value_or(0);
}

bool took_the_same_slot(const Result<std::int64_t>& joined) {
  return !joined && joined.error().native == native_of("23505");
}

bool found_no_slot(const Result<std::int64_t>& joined) {
  return !joined && joined.error().native == native_of("23502");
}

Partitions read_partitions(const Rows& rows) {
  Partitions partitions;
  for (int i = 0; i < rows.size(); ++i)
    partitions.set(static_cast<std::size_t>(rows.row(i).i64(0)));
  return partitions;
}

}  // namespace

Result<std::unique_ptr<PgLease>> PgLease::join(const std::string& url, Millis duration) {
  auto db = open_writable(url);
  if (!db) return tl::unexpected<Error>(db.error());
  auto node = join_once(**db, duration);
  for (int tries = 1; took_the_same_slot(node) && tries < kJoinTries; ++tries)
    node = join_once(**db, duration);
  if (found_no_slot(node)) return fail(Errc::kConflict, "the database has 256 nodes already");
  if (!node) return tl::unexpected<Error>(node.error());
  // Checked after joining, because a copy begins only while there is no node.
  const Status whole = refuse_unfinished_copy(**db);
  std::unique_ptr<PgLease> lease{new PgLease(std::move(*db), *node, duration)};
  if (whole) return lease;
  lease->leave();
  return tl::unexpected<Error>(whole.error());
}

PgLease::PgLease(std::unique_ptr<Connection> db, std::int64_t node, Millis duration)
    : db_(std::move(db)), node_(node), duration_(duration) {}

PgLease::~PgLease() = default;

Status PgLease::remove_ended() {
  Status removed = db_->run(sql::kRemoveEnded, node_);
  // A node whose row is locked by its own transaction is left to the next renewal.
  return !removed && removed.error().code == Errc::kBusy ? Status{} : removed;
}

Result<Share> PgLease::renew(Membership membership) {
  if (auto open = db_->ensure_open(); !open) return tl::unexpected<Error>(open.error());
  const bool is_leaving = membership == Membership::kLeaving;
  if (auto removed = remove_ended(); !removed) return tl::unexpected<Error>(removed.error());
  const auto renewed = db_->query(sql::kRenew, duration_, is_leaving, node_);
  if (!renewed) return tl::unexpected<Error>(renewed.error());
  if (renewed->size() == 0)
    return fail(
        Errc::kNotFound, "lease expired: another node has taken over this node's partitions"
    );
  const auto nodes = static_cast<std::size_t>(renewed->row(0).i64(0));
  Share share;
  if (!is_leaving) share.fair = (kPartitionsCount + nodes - 1) / nodes;
  share.database_time = renewed->row(0).time(1);
  db_->queue(sql::kClaim, node_, share.fair);
  const auto owned = db_->query(sql::kOwned, node_);
  if (!owned) return tl::unexpected<Error>(owned.error());
  share.owned = read_partitions(*owned);
  return share;
}

Status PgLease::give_back(const Partitions& partitions) {
  if (auto open = db_->ensure_open(); !open) return open;
  Array<std::int64_t> ids;
  for (std::size_t i = 0; i < kPartitionsCount; ++i) {
    if (partitions.test(i)) ids.add(static_cast<std::int64_t>(i));
  }
  return db_->run(sql::kGiveBack, node_, ids);
}

void PgLease::leave() {
  // If this fails, the lease expires.
  if (db_->ensure_open()) static_cast<void>(db_->run(sql::kLeave, node_).has_value());
}

}  // namespace postrider::postgres
