// Reads events, deliveries, attempts and dead letters.
#include <algorithm>

#include "store/cursors.h"
#include "store/list_filters.h"
#include "store/postgres/page_parts.h"
#include "store/postgres/pg_reader.h"
#include "store/postgres/sql_database.h"
#include "store/postgres/sql_deliveries.h"
#include "store/postgres/sql_endpoints.h"
#include "store/postgres/sql_events.h"
#include "store/postgres/sql_lists.h"
#include "store/rows.h"

namespace postrider::postgres {
Result<Event> PgReader::event(EventId id) {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  const auto read = [](const Row& row) { return read_event(row, WithData::kYes); };
  return require_row(db_->one(sql::kEvent, read, id), "no such event");
}

Result<std::int64_t> PgReader::id_until(std::optional<WallTime> until) {
  if (!until) return kIdMax;
  const auto lead = db_->one(
      sql::kMetaValue, [](const Row& row) { return Millis{row.i64(0)}; }, "id_lead_ms"
  );
  if (!lead) return tl::unexpected<Error>(lead.error());
  return first_id_at(*until + lead->value_or(Millis{0}));
}

Result<Page<Event>> PgReader::events(const EventFilter& filter, const PageParams& params) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const std::int64_t first = filter.since ? first_id_at(*filter.since) : 0;
  const auto before = id_until(filter.until).and_then([&](std::int64_t id) {
    return id_before(params.cursor, id);
  });
  if (!before) return tl::unexpected<Error>(before.error());
  const auto read = [](const Row& row) { return read_event(row, WithData::kNo); };
  const auto fetch = [&](std::int64_t below, std::size_t rows_max) {
    return filter.tenant.empty()
               ? db_->all(sql::kEventsOfAll, read, first, below, rows_max)
               : db_->all(sql::kEventsOfTenant, read, filter.tenant, first, below, rows_max);
  };
  return page_in_parts<Event>(params.limit, *before, fetch, [&](const Event& event) {
    const std::int64_t id = event.id.value;
    return Looked<Event, std::int64_t>{id, id_cursor(id), is_wanted(filter, event)};
  });
}

Status PgReader::add_waiting(std::span<DeliveryView> views) {
  Array<DeliveryId> ids;
  std::vector<DeliveryView*> pending;
  for (DeliveryView& view : views) {
    if (view.delivery.state != DeliveryState::kPending) continue;
    ids.add(view.delivery.id);
    pending.push_back(&view);
  }
  if (pending.empty()) return {};
  const auto rows = db_->query(sql::kWaitingFacts, ids);
  if (!rows) return tl::unexpected<Error>(rows.error());
  for (int i = 0; i < rows->size(); ++i) {
    const Row row = rows->row(i);
    pending.at(static_cast<std::size_t>(row.i64(0) - 1))->waiting = read_waiting(row, 1);
  }
  return rows->check();
}

Status PgReader::add_details(std::span<DeliveryView> views) {
  if (views.empty()) return {};
  Array<DeliveryId> ids;
  for (const DeliveryView& view : views) ids.add(view.delivery.id);
  const auto rows = db_->query(sql::kLastAttempts, ids);
  if (!rows) return tl::unexpected<Error>(rows.error());
  for (int i = 0; i < rows->size(); ++i) {
    const Row row = rows->row(i);
    views[static_cast<std::size_t>(row.i64(0) - 1)].last_attempt = read_attempt(row, 1);
  }
  if (auto checked = rows->check(); !checked) return checked;
  return add_waiting(views);
}

Result<DeliveryHistory> PgReader::read_history(DeliveryId id, std::size_t attempts_max) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  auto view =
      require_row(db_->one(sql::kDeliveryView, read_delivery_view<Row>, id), "no such delivery");
  if (!view) return tl::unexpected<Error>(view.error());
  auto attempts = db_->all(
      sql::kAttempts, [](const Row& row) { return read_attempt(row); }, id, attempts_max
  );
  if (!attempts) return tl::unexpected<Error>(attempts.error());
  std::reverse(attempts->begin(), attempts->end());
  if (!attempts->empty()) view->last_attempt = attempts->back();
  if (auto added = add_waiting({&*view, 1}); !added) return tl::unexpected<Error>(added.error());
  return DeliveryHistory{.view = std::move(*view), .attempts = std::move(*attempts)};
}

Result<DeliveryView> PgReader::delivery(DeliveryId id) {
  return read_history(id, 1).map([](DeliveryHistory history) { return std::move(history.view); });
}

Result<DeliveryHistory> PgReader::history(DeliveryId id) {
  return read_history(id, kAttemptsListed);
}

Result<std::optional<std::vector<EndpointId>>> PgReader::endpoints_to_merge(
    const std::string& tenant
) {
  if (tenant.empty()) return std::nullopt;
  const auto read = [](const Row& row) { return EndpointId{row.i64(0)}; };
  auto ids = db_->all(sql::kEndpointIdsOfTenant, read, tenant, kMergedEndpointsMax + 1);
  if (!ids) return tl::unexpected<Error>(ids.error());
  if (ids->size() > kMergedEndpointsMax) return std::nullopt;
  return std::move(*ids);
}

Result<std::vector<DeliveryView>> PgReader::take_views(
    MergedPositions& places, std::size_t rows_max
) {
  const auto part = places.take(rows_max);
  if (!part) return tl::unexpected<Error>(part.error());
  Array<DeliveryId> ids;
  for (const ListPosition& place : *part) ids.add(DeliveryId{place.id});
  return db_->all(sql::kDeliveriesOfIds, read_delivery_view<Row>, ids);
}

Result<Page<DeliveryView>> PgReader::deliveries(
    const DeliveryFilter& filter, const PageParams& params
) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const std::int64_t first = filter.since ? first_id_at(*filter.since) : 0;
  const auto before = id_before(params.cursor, filter.until ? first_id_at(*filter.until) : kIdMax);
  if (!before) return tl::unexpected<Error>(before.error());
  const bool is_narrow = filter.event || filter.endpoint;
  const auto merged = endpoints_to_merge(is_narrow ? std::string{} : filter.tenant);
  if (!merged) return tl::unexpected<Error>(merged.error());
  const auto of_endpoint = [&](EndpointId endpoint, const ListPosition& behind, std::size_t rows_max
                           ) {
    const auto read_place = [](const Row& row) {
      return ListPosition{.at_ms = 0, .id = row.i64(0)};
    };
    return db_->all(sql::kDeliveryIdsOfEndpoint, read_place, endpoint, first, behind.id, rows_max);
  };
  MergedPositions places(
      merged->value_or(std::vector<EndpointId>{}), {.at_ms = 0, .id = *before}, of_endpoint
  );
  const auto read = read_delivery_view<Row>;
  const auto fetch = [&](std::int64_t below, std::size_t rows_max) {
    if (*merged) return take_views(places, rows_max);
    if (filter.event)
      return db_->all(sql::kDeliveriesOfEvent, read, *filter.event, first, below, rows_max);
    if (filter.endpoint)
      return db_->all(sql::kDeliveriesOfEndpoint, read, *filter.endpoint, first, below, rows_max);
    return db_->all(sql::kDeliveriesOfAll, read, first, below, rows_max);
  };
  const auto look = [&](const DeliveryView& view) {
    const std::int64_t id = view.delivery.id.value;
    return Looked<DeliveryView, std::int64_t>{id, id_cursor(id), is_wanted(filter, view)};
  };
  auto page = page_in_parts<DeliveryView>(params.limit, *before, fetch, look);
  if (!page) return page;
  if (auto status = add_details(page->rows); !status) return tl::unexpected<Error>(status.error());
  return page;
}

Result<Page<DeliveryView>> PgReader::dead_letters(
    const DeadLetterFilter& filter, const PageParams& params
) {
  const Snapshot snapshot(*db_);
  if (!snapshot.status()) return tl::unexpected<Error>(snapshot.status().error());
  const std::int64_t since = filter.since ? unix_ms(*filter.since) : 0;
  const std::int64_t until = filter.until ? unix_ms(*filter.until) : kIdMax;
  const auto first = position_at(params.cursor, {.at_ms = until, .id = 0});
  if (!first) return tl::unexpected<Error>(first.error());
  const auto merged = endpoints_to_merge(filter.endpoint ? std::string{} : filter.tenant);
  if (!merged) return tl::unexpected<Error>(merged.error());
  const auto of_endpoint = [&](EndpointId endpoint, const ListPosition& behind, std::size_t rows_max
                           ) {
    const auto read_place = [](const Row& row) {
      return ListPosition{.at_ms = row.i64(0), .id = row.i64(1)};
    };
    const auto& [at_ms, id] = behind;
    return db_->all(sql::kDeadIdsOfEndpoint, read_place, endpoint, since, at_ms, id, rows_max);
  };
  MergedPositions places(merged->value_or(std::vector<EndpointId>{}), *first, of_endpoint);
  const auto read = read_delivery_view<Row>;
  const auto fetch = [&](const ListPosition& behind, std::size_t rows_max) {
    if (*merged) return take_views(places, rows_max);
    const auto& [at_ms, id] = behind;
    return filter.endpoint
               ? db_->all(sql::kDeadOfEndpoint, read, *filter.endpoint, since, at_ms, id, rows_max)
               : db_->all(sql::kDeadOfAll, read, since, at_ms, id, rows_max);
  };
  const auto look = [&](const DeliveryView& view) {
    const ListPosition place = place_of(view.delivery);
    return Looked<DeliveryView, ListPosition>{
        place, position_cursor(place), is_wanted(filter, view)};
  };
  auto page = page_in_parts<DeliveryView>(params.limit, *first, fetch, look);
  if (!page) return page;
  if (auto status = add_details(page->rows); !status) return tl::unexpected<Error>(status.error());
  return page;
}

Result<std::int64_t> PgReader::count_dead_letters(const DeadLetterFilter& filter) {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
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

Result<std::vector<Backlog>> PgReader::backlog(WallTime now) {
  if (auto status = db_->ensure_open(); !status) return tl::unexpected<Error>(status.error());
  const auto read = [](const Row& row) {
    Backlog backlog{
        .endpoint = {row.i64(0)},
        .due = row.i64(1),
        .scheduled = row.i64(2),
        .ordered = row.i64(3),
        .oldest_due_at = row.optional_time(4)};
    read_settle_state(row, backlog, 5);
    return backlog;
  };
  return db_->all(sql::kBacklog, read, now);
}

}  // namespace postrider::postgres
