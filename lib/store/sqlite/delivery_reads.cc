// Reads events, deliveries, attempts and dead letters.
#include <algorithm>

#include "base/limits.h"
#include "store/cursors.h"
#include "store/list_filters.h"
#include "store/merged_positions.h"
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

/// Positions that a merged list takes at a time.
constexpr std::size_t kMergedPart = 64;

Attempt read_attempt_row(const Row& row) { return read_attempt(row); }

WaitingFacts read_waiting_row(const Row& row) { return read_waiting(row); }

Backlog read_backlog(const Row& row) {
  return {
      .endpoint = {row.i64(0)},
      .due = row.i64(1),
      .scheduled = row.i64(2),
      .oldest_due_at = row.optional_time(3)};
}

void look_at(PageBuilder<DeliveryView>& page, const DeliveryFilter& filter, DeliveryView view) {
  const DeliveryId id = view.delivery.id;
  const bool wanted = is_wanted(filter, view);
  page.look_at(id_cursor(id.value), wanted, std::move(view));
}

void look_at(PageBuilder<DeliveryView>& page, const DeadLetterFilter& filter, DeliveryView view) {
  const ListPosition place = place_of(view.delivery);
  const bool wanted = is_wanted(filter, view);
  page.look_at(position_cursor(place), wanted, std::move(view));
}

template <class Filter>
Result<Page<DeliveryView>> page_of_rows(Cursor rows, const Filter& filter, std::size_t limit) {
  PageBuilder<DeliveryView> page(limit);
  while (page.wants_more() && rows.next()) look_at(page, filter, read_delivery_view(rows.row()));
  if (!rows.ok()) return rows.error();
  return page.take();
}

template <class Filter>
Result<Page<DeliveryView>> page_of_places(
    Db& db, MergedPositions places, const Filter& filter, std::size_t limit
) {
  PageBuilder<DeliveryView> page(limit);
  bool more = true;
  while (more && page.wants_more()) {
    const auto part = places.take(kMergedPart);
    if (!part) return tl::unexpected<Error>(part.error());
    for (const ListPosition& place : *part) {
      if (!page.wants_more()) break;
      auto view = require_row(
          db.one(sql::kDeliveryView, read_delivery_view<Row>, place.id), "no such delivery"
      );
      if (!view) return tl::unexpected<Error>(view.error());
      look_at(page, filter, std::move(*view));
    }
    more = part->size() == kMergedPart;
  }
  return page.take();
}

}  // namespace

Result<Event> SqliteReader::event(EventId id) {
  const auto read = [](const Row& row) { return read_event(row, WithData::kYes); };
  return require_row(db_->one(sql::kEvent, read, id), "no such event");
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
  auto view =
      require_row(db_->one(sql::kDeliveryView, read_delivery_view<Row>, id), "no such delivery");
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

Result<std::optional<std::vector<EndpointId>>> SqliteReader::endpoints_to_merge(
    const std::string& tenant
) {
  if (tenant.empty()) return std::nullopt;
  const auto read = [](const Row& row) { return EndpointId{row.i64(0)}; };
  auto ids = db_->all(sql::kEndpointIdsOfTenant, read, tenant, kMergedEndpointsMax + 1);
  if (!ids) return tl::unexpected<Error>(ids.error());
  if (ids->size() > kMergedEndpointsMax) return std::nullopt;
  return std::move(*ids);
}

Result<Page<DeliveryView>> SqliteReader::deliveries(
    const DeliveryFilter& filter, const PageParams& params
) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const std::int64_t first = filter.since ? first_id_at(*filter.since) : 0;
  const auto before = id_before(params.cursor, filter.until ? first_id_at(*filter.until) : kIdMax);
  if (!before) return tl::unexpected<Error>(before.error());
  const auto of_endpoint = [&](EndpointId endpoint, const ListPosition& behind, std::size_t rows_max
                           ) {
    const auto read = [](const Row& row) { return ListPosition{.at_ms = 0, .id = row.i64(0)}; };
    return db_->all(sql::kDeliveryIdsOfEndpoint, read, endpoint, first, behind.id, rows_max);
  };
  const auto list = [&]() -> Result<Page<DeliveryView>> {
    if (filter.event) {
      return page_of_rows(
          db_->query(sql::kDeliveriesOfEvent, *filter.event, first, *before, kScanRowsMax),
          filter,
          params.limit
      );
    }
    if (filter.endpoint) {
      return page_of_rows(
          db_->query(sql::kDeliveriesOfEndpoint, *filter.endpoint, first, *before, kScanRowsMax),
          filter,
          params.limit
      );
    }
    const auto merged = endpoints_to_merge(filter.tenant);
    if (!merged) return tl::unexpected<Error>(merged.error());
    if (*merged) {
      MergedPositions places(**merged, {.at_ms = 0, .id = *before}, of_endpoint);
      return page_of_places(*db_, std::move(places), filter, params.limit);
    }
    return page_of_rows(
        db_->query(sql::kDeliveriesOfAll, first, *before, kScanRowsMax), filter, params.limit
    );
  };
  auto built = list();
  if (!built) return built;
  if (auto status = add_details(built->rows); !status) return tl::unexpected<Error>(status.error());
  return built;
}

Result<Page<DeliveryView>> SqliteReader::dead_letters(
    const DeadLetterFilter& filter, const PageParams& params
) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const std::int64_t since = filter.since ? unix_ms(*filter.since) : 0;
  const std::int64_t until = filter.until ? unix_ms(*filter.until) : kIdMax;
  const auto place = position_at(params.cursor, {.at_ms = until, .id = 0});
  if (!place) return tl::unexpected<Error>(place.error());
  const auto of_endpoint = [&](EndpointId endpoint, const ListPosition& behind, std::size_t rows_max
                           ) {
    const auto read = [](const Row& row) {
      return ListPosition{.at_ms = row.i64(0), .id = row.i64(1)};
    };
    const auto& [at_ms, id] = behind;
    return db_->all(sql::kDeadIdsOfEndpoint, read, endpoint, since, at_ms, id, rows_max);
  };
  const auto list = [&]() -> Result<Page<DeliveryView>> {
    const auto& [at_ms, id] = *place;
    if (filter.endpoint) {
      return page_of_rows(
          db_->query(sql::kDeadOfEndpoint, *filter.endpoint, since, at_ms, id, kScanRowsMax),
          filter,
          params.limit
      );
    }
    const auto merged = endpoints_to_merge(filter.tenant);
    if (!merged) return tl::unexpected<Error>(merged.error());
    if (*merged) {
      MergedPositions places(**merged, *place, of_endpoint);
      return page_of_places(*db_, std::move(places), filter, params.limit);
    }
    return page_of_rows(
        db_->query(sql::kDeadOfAll, since, at_ms, id, kScanRowsMax), filter, params.limit
    );
  };
  auto built = list();
  if (!built) return built;
  if (auto status = add_details(built->rows); !status) return tl::unexpected<Error>(status.error());
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
      read_settle_state(row, sum, 0);
      return true;
    };
    if (const auto found = db_->one(sql::kEndpointStanding, read, sum.endpoint); !found)
      return tl::unexpected<Error>(found.error());
  }
  return backlog;
}

}  // namespace postrider::sqlite
