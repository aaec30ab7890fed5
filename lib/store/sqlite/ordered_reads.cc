// Reads ordering queues.
#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "store/rows.h"
#include "store/sqlite/ordered_backlog.h"
#include "store/sqlite/sql_deliveries.h"
#include "store/sqlite/sql_ordered.h"
#include "store/sqlite/sqlite_reader.h"

namespace postrider::sqlite {
namespace {

/// The oldest pending delivery of an ordering queue.
struct Head {
  std::string lane_key;
  DeliveryId id;
  WallTime due_at;
  bool has_successors = false;
};

/// Returns the first of up to two rows of an ordering queue; a second row is its successor.
Result<std::optional<Head>> take_head(Cursor rows) {
  std::optional<Head> head;
  while (rows.next()) {
    const Row row = rows.row();
    if (head) {
      head->has_successors = row.view(0) == head->lane_key;
    } else {
      head = Head{
          .lane_key = row.text(0),
          .id = {row.i64(1)},
          .due_at = row.time(2),
          .has_successors = false};
    }
  }
  if (!rows.ok()) return rows.error();
  return head;
}

Result<std::optional<Head>> next_head(
    Db& db, EndpointId endpoint, const std::optional<std::string>& after
) {
  if (!after) return take_head(db.query(sql::kFirstHead, endpoint));
  return take_head(db.query(sql::kNextHead, endpoint, *after));
}

/// Converts a head for the page. Reads its delivery with the event if it is due.
Result<OrderedHead> show(Db& db, Head head, WallTime now) {
  OrderedHead shown{
      .lane_key = std::move(head.lane_key),
      .due_at = head.due_at,
      .has_successors = head.has_successors,
      .delivery = {}};
  if (head.due_at > now) return shown;
  auto row = db.one(sql::kPendingDelivery, read_due<Row>, head.id);
  if (!row) return tl::unexpected<Error>(row.error());
  // The snapshot has the delivery. Its event is missing only if foreign keys were switched off.
  if (!*row) return tl::unexpected<Error>(damaged_row("a pending delivery has no event"));
  shown.delivery = std::move(**row);
  return shown;
}

/// Adds the heads of the requested keys. Returns how many of them are due.
Result<std::size_t> look_up(Db& db, const OrderedParams& params, OrderedPage& page) {
  std::size_t due_count = 0;
  for (const std::string& key : params.keys) {
    if (due_count == params.rows_max) break;
    auto head = take_head(db.query(sql::kHeadOf, params.endpoint, key));
    if (!head) return tl::unexpected<Error>(head.error());
    if (!*head) {
      page.heads.push_back({.lane_key = key, .due_at = {}, .delivery = {}});
      continue;
    }
    auto shown = show(db, std::move(**head), params.now);
    if (!shown) return tl::unexpected<Error>(shown.error());
    if (shown->delivery) ++due_count;
    page.heads.push_back(std::move(*shown));
  }
  return due_count;
}

Status scan(Db& db, const OrderedParams& params, std::size_t rows_max, OrderedPage& page) {
  page.scanned_up_to = params.after;
  std::size_t due_count = 0;
  for (std::size_t i = 0; i < params.keys_max && due_count < rows_max; ++i) {
    auto head = next_head(db, params.endpoint, page.scanned_up_to);
    if (!head) return tl::unexpected<Error>(head.error());
    if (!*head) {
      page.scanned_up_to.reset();
      return {};
    }
    page.scanned_up_to = (*head)->lane_key;
    if (params.is_known && params.is_known((*head)->lane_key)) continue;
    auto shown = show(db, std::move(**head), params.now);
    if (!shown) return tl::unexpected<Error>(shown.error());
    if (shown->delivery) ++due_count;
    page.scanned.push_back(std::move(*shown));
  }
  return {};
}

}  // namespace

Result<OrderedPage> SqliteReader::ordered(const OrderedParams& params) {
  POSTRIDER_ASSERT(params.rows_max > params.keys.size() || !params.scan);  // else no progress
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  OrderedPage page;
  const auto due_count = look_up(*db_, params, page);
  if (!due_count) return tl::unexpected<Error>(due_count.error());
  if (params.scan) {
    if (auto status = scan(*db_, params, params.rows_max - *due_count, page); !status)
      return tl::unexpected<Error>(status.error());
  }
  const auto newest =
      db_->one(sql::kNewestDelivery, [](const Row& row) { return DeliveryId{row.i64(0)}; });
  if (!newest) return tl::unexpected<Error>(newest.error());
  page.newest = newest->value_or(DeliveryId{});
  return page;
}

Result<std::vector<Delivery>> SqliteReader::blocked_by(
    EndpointId id, WallTime now, std::size_t rows_max
) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  std::vector<Delivery> found;
  std::optional<std::string> after;
  for (std::size_t i = 0; i < limits::kBlockedKeysMax && found.size() < rows_max; ++i) {
    const auto head = next_head(*db_, id, after);
    if (!head) return tl::unexpected<Error>(head.error());
    if (!*head) break;
    after = (*head)->lane_key;
    if (!(*head)->has_successors) continue;
    auto delivery = db_->one(
        sql::kDelivery, [](const Row& row) { return read_delivery(row); }, (*head)->id
    );
    if (!delivery) return tl::unexpected<Error>(delivery.error());
    if (!*delivery) continue;
    if ((*delivery)->attempts_count > 0 || (*head)->due_at > now)
      found.push_back(std::move(**delivery));
  }
  return found;
}

Status add_ordered_backlog(Db& db, WallTime now, std::vector<Backlog>& backlog) {
  std::vector<Backlog> in_lines;
  std::string lane_key;
  auto rows = db.query(sql::kOrderedBacklog);
  while (rows.next()) {
    const Row row = rows.row();
    const EndpointId endpoint{row.i64(0)};
    const WallTime due_at = row.time(2);
    const bool is_other = in_lines.empty() || in_lines.back().endpoint != endpoint;
    if (is_other) in_lines.push_back({.endpoint = endpoint});
    Backlog& sum = in_lines.back();
    const bool is_head = is_other || row.view(1) != lane_key;
    if (is_head) lane_key = row.text(1);
    if (due_at > now) {
      ++sum.scheduled;
    } else if (is_head) {
      ++sum.due;
      sum.oldest_due_at = std::min(sum.oldest_due_at.value_or(due_at), due_at);
    } else {
      ++sum.ordered;
    }
  }
  if (!rows.ok()) return rows.error();
  const auto before = [](const Backlog& one, const Backlog& other) {
    return one.endpoint < other.endpoint;
  };
  const std::size_t without_lines = backlog.size();
  for (const Backlog& sum : in_lines) {
    const auto end = backlog.begin() + static_cast<std::ptrdiff_t>(without_lines);
    const auto same = std::lower_bound(backlog.begin(), end, sum, before);
    if (same == end || same->endpoint != sum.endpoint) {
      backlog.push_back(sum);
      continue;
    }
    same->due += sum.due;
    same->scheduled += sum.scheduled;
    same->ordered += sum.ordered;
    if (sum.oldest_due_at)
      same->oldest_due_at =
          std::min(same->oldest_due_at.value_or(*sum.oldest_due_at), *sum.oldest_due_at);
  }
  std::sort(backlog.begin(), backlog.end(), before);
  return {};
}

}  // namespace postrider::sqlite
