// Reads ordering queues.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"
#include "store/postgres/pg_reader.h"
#include "store/postgres/sql_deliveries.h"
#include "store/postgres/sql_ordered.h"
#include "store/rows.h"

namespace postrider::postgres {
namespace {

/// The fewest ordering queues that one statement of a scan asks for, unless fewer are left.
constexpr std::size_t kLinesMin = 32;

/// The oldest pending delivery of an ordering queue.
struct Head {
  std::string lane_key;
  DeliveryId id;
  WallTime due_at;
  bool has_successors = false;
};

/// Heads for a page, and the deliveries of the due ones.
struct Shown {
  std::vector<OrderedHead> heads;
  std::vector<DeliveryId> due;  ///< of the due `heads`, in their order
};

void show(Head head, WallTime now, Shown& shown) {
  if (head.due_at <= now) shown.due.push_back(head.id);
  shown.heads.push_back(
      {.lane_key = std::move(head.lane_key),
       .due_at = head.due_at,
       .has_successors = head.has_successors,
       .delivery = {}}
  );
}

/// Returns the heads of the requested keys; nothing for an empty queue.
Result<std::vector<std::optional<Head>>> heads_of(Connection& db, const OrderedParams& params) {
  std::vector<std::optional<Head>> heads(params.keys.size());
  Array<std::string_view> keys;
  for (const std::string& key : params.keys) keys.add(key);
  const auto rows = db.query(sql::kHeadsOf, keys, params.endpoint);
  if (!rows) return tl::unexpected<Error>(rows.error());
  for (int i = 0; i < rows->size(); ++i) {
    const Row row = rows->row(i);
    const auto at = static_cast<std::size_t>(row.i64(0) - 1);
    auto& head = heads.at(at);
    if (head) {
      head->has_successors = true;
    } else {
      head = Head{.lane_key = params.keys.at(at), .id = {row.i64(1)}, .due_at = row.time(2)};
    }
  }
  return heads;
}

Result<Shown> look_up(Connection& db, const OrderedParams& params) {
  Shown shown;
  if (params.keys.empty()) return shown;
  auto heads = heads_of(db, params);
  if (!heads) return tl::unexpected<Error>(heads.error());
  for (std::size_t i = 0; i < heads->size() && shown.due.size() < params.rows_max; ++i) {
    auto& head = (*heads)[i];
    if (head) {
      show(std::move(*head), params.now, shown);
    } else {
      shown.heads.push_back({.lane_key = params.keys[i], .due_at = {}, .delivery = {}});
    }
  }
  return shown;
}

/// Returns the heads of up to `lines_max` ordering queues after `after`, in the order of their
/// keys.
Result<std::vector<Head>> heads_after(
    Connection& db,
    EndpointId endpoint,
    const std::optional<std::string>& after,
    std::size_t lines_max
) {
  return db.all(
      sql::kHeadsAfter,
      [](const Row& row) {
        return Head{
            .lane_key = row.text(0),
            .id = {row.i64(1)},
            .due_at = row.time(2),
            .has_successors = row.boolean(3)};
      },
      endpoint,
      after,
      lines_max
  );
}

Result<Shown> scan(
    Connection& db, const OrderedParams& params, std::size_t rows_max, OrderedPage& page
) {
  Shown shown;
  page.scanned_up_to = params.after;
  std::size_t looked_at = 0;
  while (looked_at < params.keys_max && shown.due.size() < rows_max) {
    const std::size_t part = std::min(params.keys_max - looked_at, std::max(rows_max, kLinesMin));
    auto heads = heads_after(db, params.endpoint, page.scanned_up_to, part);
    if (!heads) return tl::unexpected<Error>(heads.error());
    std::size_t taken = 0;
    for (; taken < heads->size() && shown.due.size() < rows_max; ++taken) {
      Head& head = (*heads)[taken];
      page.scanned_up_to = head.lane_key;
      if (params.is_known && params.is_known(head.lane_key)) continue;
      show(std::move(head), params.now, shown);
    }
    looked_at += taken;
    const bool is_through = taken == heads->size() && heads->size() < part;
    if (is_through && shown.due.size() < rows_max) {
      page.scanned_up_to.reset();
      return shown;
    }
  }
  return shown;
}

void add_deliveries(std::vector<OrderedHead>& heads, WallTime now, auto& next) {
  for (OrderedHead& head : heads) {
    if (head.due_at && *head.due_at <= now) head.delivery = std::move(*next++);
  }
}

}  // namespace

Result<OrderedPage> PgReader::ordered(const OrderedParams& params) {
  POSTRIDER_ASSERT(params.rows_max > params.keys.size() || !params.scan);  // else no progress
  Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  OrderedPage page;
  auto found = look_up(*db_, params);
  if (!found) return tl::unexpected<Error>(found.error());
  Result<Shown> scanned = Shown{};
  if (params.scan) scanned = scan(*db_, params, params.rows_max - found->due.size(), page);
  if (!scanned) return tl::unexpected<Error>(scanned.error());
  Array<DeliveryId> due;
  for (const auto* shown : {&*found, &*scanned}) {
    for (const DeliveryId id : shown->due) due.add(id);
  }
  db_->queue(sql::kNewestDelivery, params.endpoint);
  db_->queue(sql::kDueDeliveries, due);
  auto results = snapshot.end();
  if (!results) return tl::unexpected<Error>(results.error());
  const Row newest = results->at(results->size() - 2).row(0);
  page.newest = {newest.i64(0)};
  page.endpoint_version = newest.i64(1);
  auto deliveries = results->back().all(read_due<Row>);
  if (!deliveries) return tl::unexpected<Error>(std::move(deliveries).error());
  // The snapshot has the deliveries, so an event is missing.
  if (!std::cmp_equal(deliveries->size(), due.size()))
    return tl::unexpected<Error>(damaged_row("a pending delivery has no event"));
  auto next = deliveries->begin();
  add_deliveries(found->heads, params.now, next);
  add_deliveries(scanned->heads, params.now, next);
  page.heads = std::move(found->heads);
  page.scanned = std::move(scanned->heads);
  return page;
}

Result<std::vector<Delivery>> PgReader::blocked_by(
    EndpointId id, WallTime now, std::size_t rows_max
) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  std::vector<Delivery> found;
  std::optional<std::string> after;
  std::size_t left = limits::kBlockedKeysMax;
  while (left > 0 && found.size() < rows_max) {
    const std::size_t part = std::min(left, std::max(rows_max, kLinesMin));
    const auto heads = heads_after(*db_, id, after, part);
    if (!heads) return tl::unexpected<Error>(heads.error());
    Array<DeliveryId> with_followers;
    for (const Head& head : *heads) {
      if (head.has_successors) with_followers.add(head.id);
    }
    auto deliveries = db_->all(
        sql::kDeliveriesById, [](const Row& row) { return read_delivery(row); }, with_followers
    );
    if (!deliveries) return tl::unexpected<Error>(deliveries.error());
    for (Delivery& one : *deliveries) {
      const bool blocks = one.attempts_count > 0 || *one.due_at > now;
      if (blocks && found.size() < rows_max) found.push_back(std::move(one));
    }
    if (heads->size() < part) break;
    after = heads->back().lane_key;
    left -= part;
  }
  return found;
}

}  // namespace postrider::postgres
