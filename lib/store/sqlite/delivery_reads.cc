// Events, deliveries, attempts and dead letters, read.
#include <algorithm>

#include "base/limits.h"
#include "store/sqlite/cursors.h"
#include "store/sqlite/list_rows.h"
#include "store/sqlite/ordered_backlog.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/sql_deliveries.h"
#include "store/sqlite/sql_events.h"
#include "store/sqlite/sql_file.h"
#include "store/sqlite/sql_lists.h"
#include "store/sqlite/sqlite_reader.h"

namespace postrider::sqlite {
namespace {

/// What replays can add up to on one delivery has no other bound.
constexpr std::size_t kAttemptsListed = 1000;
constexpr std::size_t kScanRowsMax = limits::kListScanRowsMax;

template <class T>
std::optional<std::string_view> name_of(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return to_string(*value);
}

}  // namespace

Result<Event> SqliteReader::event(EventId id) {
  auto found = db_->one(
      sql::kEvent, [](const Row& row) { return read_event(row, WithData::kYes); }, id
  );
  if (!found) return tl::unexpected<Error>(found.error());
  if (!*found) return fail(Errc::kNotFound, "no such event");
  return std::move(**found);
}

Result<std::int64_t> SqliteReader::id_until(std::optional<WallTime> until) {
  if (!until) return kIdMax;
  const auto lead = db_->one(
      sql::kMetaValue, [](const Row& row) { return Millis{row.i64(0)}; }, "id_lead_ms"
  );
  if (!lead) return tl::unexpected<Error>(lead.error());
  return id_at(*until + lead->value_or(Millis{0}));
}

Result<Page<Event>> SqliteReader::events(const EventFilter& filter, const PageParams& params) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const std::int64_t first = filter.since ? id_at(*filter.since) : 0;
  const auto before = id_until(filter.until).and_then([&](std::int64_t id) {
    return id_before(params.cursor, id);
  });
  if (!before) return tl::unexpected<Error>(before.error());
  auto rows = filter.tenant.empty()
                  ? db_->query(sql::kEventsOfAll, first, *before, kScanRowsMax)
                  : db_->query(sql::kEventsOfTenant, filter.tenant, first, *before, kScanRowsMax);
  PageBuilder<Event> page(params.limit);
  while (page.wants_more() && rows.next()) {
    Event event = read_event(rows.row(), WithData::kNo);
    const bool wanted = (filter.type.empty() || event.type == filter.type) &&
                        (!filter.since || event.created_at >= *filter.since) &&
                        (!filter.until || event.created_at < *filter.until);
    const std::string cursor = id_cursor(event.id.value);
    page.look_at(cursor, wanted, std::move(event));
  }
  if (!rows.ok()) return rows.error();
  return page.take();
}

Status SqliteReader::add_last_attempts(std::vector<DeliveryView>& views) {
  for (DeliveryView& view : views) {
    auto attempt = db_->one(sql::kAttempts, read_attempt, view.delivery.id, 1);
    if (!attempt) return tl::unexpected<Error>(attempt.error());
    view.last_attempt = std::move(*attempt);
  }
  return {};
}

Result<DeliveryView> SqliteReader::delivery(DeliveryId id) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  auto found = db_->all(sql::kDeliveryView, read_delivery_view, id);
  if (!found) return tl::unexpected<Error>(found.error());
  if (found->empty()) return fail(Errc::kNotFound, "no such delivery");
  if (auto status = add_last_attempts(*found); !status)
    return tl::unexpected<Error>(status.error());
  return std::move(found->front());
}

Result<Page<DeliveryView>> SqliteReader::deliveries(
    const DeliveryFilter& filter, const PageParams& params
) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const std::int64_t first = filter.since ? id_at(*filter.since) : 0;
  const auto before = id_before(params.cursor, filter.until ? id_at(*filter.until) : kIdMax);
  if (!before) return tl::unexpected<Error>(before.error());
  auto rows = [&] {
    if (filter.event)
      return db_->query(sql::kDeliveriesOfEvent, *filter.event, first, *before, kScanRowsMax);
    if (filter.endpoint)
      return db_->query(sql::kDeliveriesOfEndpoint, *filter.endpoint, first, *before, kScanRowsMax);
    return db_->query(sql::kDeliveriesOfAll, first, *before, kScanRowsMax);
  }();
  PageBuilder<DeliveryView> page(params.limit);
  while (page.wants_more() && rows.next()) {
    DeliveryView view = read_delivery_view(rows.row());
    const bool wanted = is_wanted(filter, view);
    const std::string cursor = id_cursor(view.delivery.id.value);
    page.look_at(cursor, wanted, std::move(view));
  }
  if (!rows.ok()) return rows.error();
  auto built = page.take();
  if (auto status = add_last_attempts(built.rows); !status)
    return tl::unexpected<Error>(status.error());
  return built;
}

Result<std::vector<Attempt>> SqliteReader::attempts(DeliveryId id) {
  auto found = db_->all(sql::kAttempts, read_attempt, id, kAttemptsListed);
  if (found) std::reverse(found->begin(), found->end());
  return found;
}

Result<Page<DeliveryView>> SqliteReader::dead_letters(
    const DeadLetterFilter& filter, const PageParams& params
) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const std::int64_t since = filter.since ? unix_ms(*filter.since) : 0;
  const std::int64_t until = filter.until ? unix_ms(*filter.until) : kIdMax;
  const auto place = place_at(params.cursor, {.at_ms = until, .id = 0});
  if (!place) return tl::unexpected<Error>(place.error());
  auto rows =
      filter.endpoint
          ? db_->query(
                sql::kDeadOfEndpoint, *filter.endpoint, since, place->at_ms, place->id, kScanRowsMax
            )
          : db_->query(sql::kDeadOfAll, since, place->at_ms, place->id, kScanRowsMax);
  PageBuilder<DeliveryView> page(params.limit);
  while (page.wants_more() && rows.next()) {
    DeliveryView view = read_delivery_view(rows.row());
    const bool wanted = is_wanted(filter, view);
    const std::string cursor = place_cursor(place_of(view.delivery));
    page.look_at(cursor, wanted, std::move(view));
  }
  if (!rows.ok()) return rows.error();
  auto built = page.take();
  if (auto status = add_last_attempts(built.rows); !status)
    return tl::unexpected<Error>(status.error());
  return built;
}

Result<std::int64_t> SqliteReader::count_dead_letters(const DeadLetterFilter& filter) {
  const std::int64_t since = filter.since ? unix_ms(*filter.since) : 0;
  const std::int64_t until = filter.until ? unix_ms(*filter.until) : kIdMax;
  const auto reason = name_of(filter.reason);
  const auto tenant = or_null(filter.tenant);
  const auto type = or_null(filter.type);
  const auto read = [](const Row& row) { return row.i64(0); };
  const auto count = filter.endpoint
                         ? db_->one(
                               sql::kCountDeadOfEndpoint,
                               read,
                               *filter.endpoint,
                               since,
                               until,
                               reason,
                               tenant,
                               type
                           )
                         : db_->one(sql::kCountDeadOfAll, read, since, until, reason, tenant, type);
  return count.map([](const auto& found) { return found.value_or(0); });
}

Result<std::vector<Backlog>> SqliteReader::backlog(WallTime now) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  auto backlog = db_->all(
      sql::kBacklog,
      [](const Row& row) {
        return Backlog{
            .endpoint = {row.i64(0)},
            .active = row.boolean(1),
            .due = row.i64(2),
            .scheduled = row.i64(3),
            .oldest_due_at = row.optional_time(4)};
      },
      now
  );
  if (!backlog) return backlog;
  if (auto added = add_ordered_backlog(*db_, now, *backlog); !added)
    return tl::unexpected<Error>(added.error());
  return backlog;
}

}  // namespace postrider::sqlite
