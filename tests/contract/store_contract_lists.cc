// Lists: order, filters, pages.
#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "base/limits.h"

#include "tests/contract/store_contract.h"

namespace postrider::testing {
namespace {

std::vector<DeliveryId> ids_of(const std::vector<DeliveryView>& views) {
  std::vector<DeliveryId> ids;
  for (const auto& view : views) ids.push_back(view.delivery.id);
  return ids;
}

}  // namespace

TEST_P(StoreContract, EventsAreListedNewestFirstByTenantTypeAndTime) {
  EventDraft acme = make_draft("order.paid");
  acme.tenant = "acme";
  const EventId first = append(make_draft(), {}, at(0)).id;
  const EventId second = append(acme, {}, at(10)).id;
  const EventId third = append(make_draft(), {}, at(20)).id;
  const auto list = [&](const EventFilter& filter) {
    std::vector<EventId> ids;
    for (const auto& event : all_pages<Event>(
             [&](const PageParams& page) { return reader_->events(filter, page); }, rows_max()
         )) {
      EXPECT_TRUE(event.data.empty());
      ids.push_back(event.id);
    }
    return ids;
  };
  EXPECT_EQ(list({}), (std::vector<EventId>{third, second, first}));
  EXPECT_EQ(list({.tenant = "acme", .type = {}, .since = {}, .until = {}}), std::vector{second});
  EXPECT_EQ(
      list({.tenant = {}, .type = "order.paid", .since = {}, .until = {}}), std::vector{second}
  );
  EXPECT_EQ(
      list({.tenant = {}, .type = {}, .since = at(10), .until = at(20)}), std::vector{second}
  );
}

TEST_P(StoreContract, EventsAreFoundByTheirCreationAfterTheClockSteppedBack) {
  append(make_draft(), {}, at(100'000));
  const EventId late = append(make_draft(), {}, at(10)).id;
  const auto page = reader_->events(
      {.tenant = {}, .type = {}, .since = at(0), .until = at(20)}, {.limit = 50, .cursor = {}}
  );
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 1U);
  EXPECT_EQ(page->rows.front().id, late);
}

TEST_P(StoreContract, ListsRefuseWhatIsNoCursor) {
  for (const std::string cursor : {"!", "1.", ".1", "-1", "1.2.3", "zzzzzzzzzzzzzzzzzzz"}) {
    const PageParams page{.limit = 1, .cursor = cursor};
    const auto dead = reader_->dead_letters({}, page);
    ASSERT_FALSE(dead) << cursor;
    EXPECT_EQ(dead.error().code, Errc::kInvalidArgument);
    EXPECT_FALSE(reader_->events({}, page)) << cursor;
    EXPECT_FALSE(reader_->deliveries({}, page)) << cursor;
    EXPECT_FALSE(reader_->endpoints({}, page)) << cursor;
    EXPECT_FALSE(reader_->event_types(page)) << cursor;
  }
}

TEST_P(StoreContract, DeliveriesAreListedByEachOfTheirFilters) {
  const EndpointId one = add_endpoint();
  const EndpointId two = add_endpoint(make_endpoint("acme"));
  const Appended both = append(make_draft(), {one, two}, at(0));
  EventDraft acme = make_draft();
  acme.tenant = "acme";
  const Appended later = append(acme, {two}, at(10));
  const DeliveryId first = both.deliveries[0].id;
  const DeliveryId second = both.deliveries[1].id;
  const DeliveryId third = later.deliveries[0].id;
  settle(stored(first), Delivered{});
  const auto list = [&](const DeliveryFilter& filter) {
    return ids_of(all_pages<DeliveryView>(
        [&](const PageParams& page) { return reader_->deliveries(filter, page); }, rows_max()
    ));
  };
  DeliveryFilter filter;
  EXPECT_EQ(list(filter), (std::vector{third, second, first}));
  filter.endpoint = two;
  EXPECT_EQ(list(filter), (std::vector{third, second}));
  filter.event = both.id;
  EXPECT_EQ(list(filter), std::vector{second});
  filter.endpoint.reset();
  EXPECT_EQ(list(filter), (std::vector{second, first}));
  filter = {};
  filter.state = DeliveryState::kDelivered;
  EXPECT_EQ(list(filter), std::vector{first});
  filter = {};
  filter.tenant = "acme";
  EXPECT_EQ(list(filter), std::vector{third});
  filter = {};
  filter.since = at(10);
  EXPECT_EQ(list(filter), std::vector{third});
  filter = {};
  filter.until = at(10);
  EXPECT_EQ(list(filter), (std::vector{second, first}));
}

TEST_P(StoreContract, ATenantsDeliveriesAreListedThroughItsEndpoints) {
  const EndpointId other = add_endpoint();
  const std::vector<EndpointId> endpoints = {
      add_endpoint(make_endpoint("acme")),
      add_endpoint(make_endpoint("acme")),
      add_endpoint(make_endpoint("acme"))};
  EventDraft draft = make_draft();
  draft.tenant = "acme";
  std::vector<DeliveryId> pending;
  std::vector<DeliveryId> dead;
  for (int i = 0; i < 40; ++i) {
    append_delivery(other, at(i));
    append_dead(other, at(i));
    const Appended appended = append(draft, {endpoints[static_cast<std::size_t>(i % 3)]}, at(i));
    const DeliveryId id = appended.deliveries.front().id;
    if (i % 2 == 0) settle(stored(id), Dead{DeadReason::kGone}, at(1000 - i));
    (i % 2 == 0 ? dead : pending).push_back(id);
  }
  ASSERT_TRUE(committed([&] { return store_->delete_endpoint(endpoints[1], at(2000)); }));
  // Deaths went backwards.
  std::vector<DeliveryId> all = pending;
  all.insert(all.end(), dead.begin(), dead.end());
  std::sort(all.begin(), all.end(), [](DeliveryId a, DeliveryId b) { return b < a; });
  std::reverse(pending.begin(), pending.end());
  DeliveryFilter filter;
  filter.tenant = "acme";
  const auto list = [&] {
    return ids_of(all_pages<DeliveryView>(
        [&](const PageParams& page) { return reader_->deliveries(filter, page); }, rows_max()
    ));
  };
  EXPECT_EQ(list(), all);
  filter.state = DeliveryState::kPending;
  EXPECT_EQ(list(), pending);
  DeadLetterFilter dead_filter;
  dead_filter.tenant = "acme";
  EXPECT_EQ(
      ids_of(all_pages<DeliveryView>(
          [&](const PageParams& page) { return reader_->dead_letters(dead_filter, page); },
          rows_max()
      )),
      dead
  );
}

TEST_P(StoreContract, DeliveryShowsItsLastAttemptAndItsHistoryAllInOrder) {
  const DeliveryId id = append_delivery(add_endpoint());
  EXPECT_FALSE(reader_->delivery(id)->last_attempt);
  settle(stored(id), RetryAt{at(50)});
  Attempt last = make_attempt();
  const Settled settled = settle(stored(id), Delivered{}, at(60), last);
  last.id = settled.attempt;
  last.number = 2;
  const auto view = reader_->delivery(id);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->last_attempt, last);
  EXPECT_EQ(view->type, "order.created");
  EXPECT_EQ(view->tenant, "default");
  const auto history = reader_->history(id);
  ASSERT_TRUE(history);
  EXPECT_EQ(history->view.delivery.state, DeliveryState::kDelivered);
  EXPECT_EQ(history->view.last_attempt, last);
  ASSERT_EQ(history->attempts.size(), 2U);
  EXPECT_EQ(history->attempts.front().number, 1);
  EXPECT_EQ(history->attempts.front().outcome, Outcome::kHttpError);
  EXPECT_EQ(history->attempts.back(), last);
  EXPECT_EQ(reader_->delivery({1}).error().code, Errc::kNotFound);
  EXPECT_EQ(reader_->history({1}).error().code, Errc::kNotFound);
}

TEST_P(StoreContract, HistoryIsOfOneMoment) {
  const EndpointId endpoint = add_endpoint();
  std::atomic<std::int64_t> newest = append_delivery(endpoint).value;
  std::atomic<bool> done = false;
  std::jthread readings([&] {
    const auto reader = factory_->open_reader();
    while (reader && !done) {
      const auto history = (*reader)->history({newest});
      if (!history) continue;
      const bool delivered = history->view.delivery.state == DeliveryState::kDelivered;
      EXPECT_EQ(history->attempts.size(), delivered ? 1U : 0U);
    }
  });
  for (int i = 0; i < 300; ++i) {
    settle(stored({newest}), Delivered{});
    newest = append_delivery(endpoint).value;
  }
  done = true;
}

TEST_P(StoreContract, DeadLettersAreListedByTheirDeath) {
  const EndpointId one = add_endpoint();
  const EndpointId two = add_endpoint();
  const DeliveryId waiting = append_delivery(one, at(0));
  const DeliveryId early = append_dead(two, at(10), DeadReason::kRejected, "a");
  const DeliveryId middle = append_dead(one, at(10), DeadReason::kGone, "b");
  settle(stored(waiting), Dead{DeadReason::kGone}, at(20));
  const DeliveryId discarded = append_dead(one, at(30));
  Delivery put_away = stored(discarded);
  put_away.discarded = true;
  ASSERT_TRUE(committed([&] { return store_->change_delivery(put_away); }));
  const auto list = [&](const DeadLetterFilter& filter) {
    auto rows = all_pages<DeliveryView>(
        [&](const PageParams& page) { return reader_->dead_letters(filter, page); }, rows_max()
    );
    EXPECT_EQ(reader_->count_dead_letters(filter).value(), static_cast<std::int64_t>(rows.size()));
    std::vector<DeliveryId> scanned;
    std::string cursor;
    for (bool done = false; !done;) {
      const auto chunk = store_->dead_letters_from(filter, rows_max(), cursor);
      EXPECT_TRUE(chunk);
      if (!chunk) break;
      for (const auto& row : chunk->rows) scanned.push_back(row.id);
      done = chunk->done;
    }
    std::reverse(scanned.begin(), scanned.end());
    EXPECT_EQ(scanned, ids_of(rows));
    return ids_of(rows);
  };
  DeadLetterFilter filter;
  EXPECT_EQ(list(filter), (std::vector{waiting, middle, early}));
  filter.endpoint = one;
  EXPECT_EQ(list(filter), (std::vector{waiting, middle}));
  filter.type = "b";
  EXPECT_EQ(list(filter), std::vector{middle});
  filter = {};
  filter.reason = DeadReason::kRejected;
  EXPECT_EQ(list(filter), std::vector{early});
  filter = {};
  filter.since = at(10);
  filter.until = at(20);
  EXPECT_EQ(list(filter), (std::vector{middle, early}));
  filter = {};
  filter.tenant = "acme";
  EXPECT_TRUE(list(filter).empty());
}

TEST_P(StoreContract, BacklogCountsWhatIsDueAndWhatIsScheduled) {
  const EndpointId endpoint = add_endpoint();
  append_delivery(endpoint, at(10));
  append_delivery(endpoint, at(20));
  append_delivery(endpoint, at(30));
  const auto backlog = reader_->backlog(at(20));
  ASSERT_TRUE(backlog);
  ASSERT_EQ(backlog->size(), 1U);
  EXPECT_EQ(backlog->front().endpoint, endpoint);
  EXPECT_EQ(backlog->front().state, EndpointState::kActive);
  EXPECT_FALSE(backlog->front().circuit_is_open);
  EXPECT_EQ(backlog->front().due, 2);
  EXPECT_EQ(backlog->front().scheduled, 1);
  EXPECT_EQ(backlog->front().oldest_due_at, at(10));
  EXPECT_FALSE(reader_->backlog(at(5))->front().oldest_due_at);
  const OpenCircuit circuit{at(20), at(30), Millis{5000}};
  EXPECT_TRUE(committed([&] { return store_->put_endpoint_health(endpoint, at(1), 10, circuit); }));
  EXPECT_TRUE(reader_->backlog(at(20))->front().circuit_is_open);
}

TEST_P(StoreContract, HealthHasTheLastOutcomesAndCountsWhatWaits) {
  const EndpointId one = add_endpoint();
  const EndpointId other = add_endpoint();
  append_delivery(one);
  append_to(make_draft(), {{one, Ordering::kStrict}});
  const LastAttempt success{at(10), 204, Outcome::kSuccess};
  const LastAttempt failure{at(20), 0, Outcome::kTimeout};
  const auto put = [&](const std::vector<LastOutcomes>& outcomes) {
    return committed([&] { return store_->put_last_outcomes(outcomes); });
  };
  EXPECT_TRUE(put({{one, success, failure}, {EndpointId{77}, success, {}}}));
  const LastAttempt later{at(30), 503, Outcome::kHttpError};
  const Backpressure held{at(40), at(50)};
  EXPECT_TRUE(put({{one, {}, later, held}}));
  const std::vector<EndpointId> ids{other, one};
  const auto health = reader_->endpoint_health(ids);
  ASSERT_TRUE(health) << health.error().context;
  ASSERT_EQ(health->size(), 2U);
  EXPECT_EQ(health->at(0).last, LastOutcomes{other});
  EXPECT_EQ(health->at(0).waiting, 0);
  EXPECT_EQ(health->at(1).last, (LastOutcomes{one, success, later, held}));
  EXPECT_EQ(health->at(1).waiting, 2);
  EXPECT_FALSE(health->at(1).more_are_waiting);
  EXPECT_EQ(reader_->deliveries({}, {})->rows.front().waiting->backpressure, held);
  EXPECT_TRUE(put({{one, success, {}}}));
  EXPECT_EQ(reader_->deliveries({}, {})->rows.front().waiting->backpressure, Backpressure{});
}

TEST_P(StoreContract, HealthCountsNoMoreThanItsBound) {
  const EndpointId endpoint = add_endpoint();
  const std::vector<NewEvent> events(
      static_cast<std::size_t>(limits::kWaitingCountMax) + 1, {make_draft(), {{endpoint}}}
  );
  EXPECT_TRUE(committed([&] { return store_->append(events, kStart); }));
  const auto health = reader_->endpoint_health({&endpoint, 1});
  ASSERT_TRUE(health);
  EXPECT_EQ(health->front().waiting, limits::kWaitingCountMax);
  EXPECT_TRUE(health->front().more_are_waiting);
}

TEST_P(StoreContract, OutcomesGoWithTheirEndpoint) {
  const EndpointId endpoint = add_endpoint();
  const std::vector<LastOutcomes> outcomes{{endpoint, LastAttempt{at(10), 200}, {}}};
  EXPECT_TRUE(committed([&] { return store_->put_last_outcomes(outcomes); }));
  EXPECT_TRUE(committed([&] { return store_->delete_endpoint(endpoint, at(20)); }));
  EXPECT_TRUE(committed([&] { return store_->prune(at(1000), at(1000), rows_max()); }));
  EXPECT_EQ(reader_->endpoint_health({&endpoint, 1})->front().last, LastOutcomes{endpoint});
}

TEST_P(StoreContract, GaugesCountEndpointsByStateAndMeasureTheDatabase) {
  add_endpoint();
  Endpoint paused = make_endpoint();
  paused.state = EndpointState::kPaused;
  add_endpoint(paused);
  const EndpointId deleted = add_endpoint();
  EXPECT_TRUE(committed([&] { return store_->delete_endpoint(deleted, at(1)); }));
  const auto gauges = reader_->gauges();
  ASSERT_TRUE(gauges) << gauges.error().context;
  const std::array<std::int64_t, kEndpointStateCount> counts = {1, 1, 0};
  EXPECT_EQ(gauges->endpoints, counts);
  EXPECT_GT(gauges->database_bytes, 0);
  EXPECT_EQ(gauges->wal_bytes.has_value(), reader_->kind() == "sqlite");
}

}  // namespace postrider::testing
