// Events, deliveries, attempts and dead letters, read.
#include <algorithm>

#include "base/limits.h"
#include "store/cursors.h"
#include "store/list_filters.h"
#include "store/rows.h"
#include "store/sqlite/ordered_backlog.h"
#include "store/sqlite/sql_deliveries.h"
#include "store/sqlite/sql_endpoints.h"
#include "store/sqlite/sql_events.h"
#include "store/sqlite/sql_file.h"
#include "store/sqlite/sql_lists.h"
#include "store/sqlite/sqlite_reader.h"

namespace postrider::sqlite {
namespace {

constexpr std::size_t kScanRowsMax = limits::kListScanRowsMax;

Attempt read_attempt_row(const Row& row) { return read_attempt(row); }

WaitingFacts read_waiting_row(const Row& row) { return read_waiting(row); }

Backlog read_backlog(const Row& row) {
  return {
      .endpoint = {row.i64(0)},
      .due = row.i64(1),
      .scheduled = row.i64(2),
      .oldest_due_at = row.optional_time(3)};
}

}  // namespace

Result<Event> SqliteReader::event(EventId id) {
  const auto read = [](const Row& row) { return read_event(row, WithData::kYes); };
  return needed(db_->one(sql::kEvent, read, id), "no such event");
}

Result<std::int64_t> SqliteReader::id_until(std::optional<WallTime> until) {
  if (!until) return kIdMax;
  const auto lead = db_->one(
      sql::kMetaValue, [](const Row& row) { return Millis{row.i64(0)}; }, "id_lead_ms"
  );
  if (!lead) return tl::unexpected<Error>(lead.error());
  return first_id_at(*until + lead->value_or(Millis{0}));
}

Result<Page<Event>> SqliteReader::events(const EventFilter& filter, const PageParams& params) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const std::int64_t first = filter.since ? first_id_at(*filter.since) : 0;
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
    const bool wanted = is_wanted(filter, event);
    const std::string cursor = id_cursor(event.id.value);
    page.look_at(cursor, wanted, std::move(event));
  }
  if (!rows.ok()) return rows.error();
  return page.take();
}

Status SqliteReader::add_waiting(DeliveryView& view) {
  if (view.delivery.state != DeliveryState::kPending) return {};
  auto facts = db_->one(sql::kWaitingFacts, read_waiting_row, view.delivery.id);
  if (!facts) return tl::unexpected<Error>(facts.error());
  view.waiting = *facts;
  return {};
}

Status SqliteReader::add_details(std::vector<DeliveryView>& views) {
  for (DeliveryView& view : views) {
    auto attempt = db_->one(sql::kAttempts, read_attempt_row, view.delivery.id, 1);
    if (!attempt) return tl::unexpected<Error>(attempt.error());
    view.last_attempt = std::move(*attempt);
    if (auto added = add_waiting(view); !added) return added;
  }
  return {};
}

Result<DeliveryHistory> SqliteReader::read_history(DeliveryId id, std::size_t attempts_max) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  auto view = needed(db_->one(sql::kDeliveryView, read_delivery_view<Row>, id), "no such delivery");
  if (!view) return tl::unexpected<Error>(view.error());
  auto attempts = db_->all(sql::kAttempts, read_attempt_row, id, attempts_max);
  if (!attempts) return tl::unexpected<Error>(attempts.error());
  std::reverse(attempts->begin(), attempts->end());
  if (!attempts->empty()) view->last_attempt = attempts->back();
  if (auto added = add_waiting(*view); !added) return tl::unexpected<Error>(added.error());
  return DeliveryHistory{.view = std::move(*view), .attempts = std::move(*attempts)};
}

Result<DeliveryView> SqliteReader::delivery(DeliveryId id) {
  return read_history(id, 1).map([](DeliveryHistory history) { return std::move(history.view); });
}

Result<DeliveryHistory> SqliteReader::history(DeliveryId id) {
  return read_history(id, kAttemptsListed);
}

Result<Page<DeliveryView>> SqliteReader::deliveries(
    const DeliveryFilter& filter, const PageParams& params
) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const std::int64_t first = filter.since ? first_id_at(*filter.since) : 0;
  const auto before = id_before(params.cursor, filter.until ? first_id_at(*filter.until) : kIdMax);
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
  if (auto status = add_details(built.rows); !status) return tl::unexpected<Error>(status.error());
  return built;
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
  if (auto status = add_details(built.rows); !status) return tl::unexpected<Error>(status.error());
  return built;
}

Result<std::int64_t> SqliteReader::count_dead_letters(const DeadLetterFilter& filter) {
  const std::int64_t since = filter.since ? unix_ms(*filter.since) : 0;
  const std::int64_t until = filter.until ? unix_ms(*filter.until) : kIdMax;
  const auto reason = name_or_null(filter.reason);
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
  auto backlog = db_->all(sql::kBacklog, read_backlog, now);
  if (!backlog) return backlog;
  if (auto added = add_ordered_backlog(*db_, now, *backlog); !added)
    return tl::unexpected<Error>(added.error());
  for (Backlog& sum : *backlog) {
    const auto read = [&sum](const Row& row) {
      read_standing(row, sum, 0);
      return true;
    };
    if (const auto found = db_->one(sql::kEndpointStanding, read, sum.endpoint); !found)
      return tl::unexpected<Error>(found.error());
  }
  return backlog;
}

}  // namespace postrider::sqlite
