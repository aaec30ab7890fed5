// Appending, paging what is due, settling.
#include "tests/contract/store_contract.h"

namespace postrider::testing {

TEST_P(StoreContract, AppendedEventIsDueWithAllThatWasSaid) {
  const EndpointId endpoint = add_endpoint();
  EventDraft draft = make_draft();
  draft.data = "{ \"big\": 123456789012345678901234567890, \"nul\": \"\\u0000\" }";
  draft.tenant = "acme";
  draft.channels = {"eu", "ü"};
  draft.metadata = R"({"source":"checkout"})";
  draft.ordering_key = "ord_1";
  draft.expires_at = at(5000);
  draft.traceparent = "00-1-2-01";
  draft.tracestate = "a=b";
  const Appended appended = append(draft, {endpoint}, kStart);
  const DuePage page = due(endpoint, kStart);
  ASSERT_EQ(page.rows.size(), 1U);
  const DueDelivery& row = page.rows.front();
  EXPECT_EQ(static_cast<const EventDraft&>(*row.event), draft);
  EXPECT_EQ(row.event->id, appended.id);
  EXPECT_EQ(row.event->created_at, kStart);
  EXPECT_EQ(row.delivery.id, appended.deliveries.front().id);
  EXPECT_EQ(row.delivery.event, appended.id);
  EXPECT_EQ(row.delivery.endpoint, endpoint);
  EXPECT_EQ(row.delivery.state, DeliveryState::kPending);
  EXPECT_EQ(row.delivery.due_at, kStart);
  EXPECT_EQ(row.delivery.expires_at, at(5000));
  EXPECT_EQ(reader_->delivery(row.delivery.id)->delivery, row.delivery);
  EXPECT_EQ(stored(row.delivery.id), row.delivery);
  EXPECT_EQ(page.newest, row.delivery.id);
  EXPECT_FALSE(page.more);
  EXPECT_FALSE(page.next_due_at);
}

TEST_P(StoreContract, AppendGivesEachEventItsDeliveriesInOrder) {
  const EndpointId first = add_endpoint();
  const EndpointId second = add_endpoint();
  const std::vector<NewEvent> events{
      {.draft = make_draft("a"), .targets = {{second}, {first}}},
      {.draft = make_draft("b"), .targets = {}},
      {.draft = make_draft("c"), .targets = {{first}}}};
  const auto appended = committed([&] { return store_->append(events, kStart); });
  ASSERT_TRUE(appended);
  ASSERT_EQ(appended->size(), 3U);
  ASSERT_EQ((*appended)[0].deliveries.size(), 2U);
  EXPECT_EQ((*appended)[0].deliveries[0].endpoint, second);
  EXPECT_EQ((*appended)[0].deliveries[1].endpoint, first);
  EXPECT_TRUE((*appended)[1].deliveries.empty());
  EXPECT_LT((*appended)[0].id, (*appended)[1].id);
  EXPECT_LT((*appended)[1].id, (*appended)[2].id);
  EXPECT_EQ(due(first, kStart).rows.size(), 2U);
}

TEST_P(StoreContract, DeliverAtDelaysAndNeverPredates) {
  const EndpointId endpoint = add_endpoint();
  EventDraft later = make_draft();
  later.deliver_at = at(500);
  EventDraft past = make_draft();
  past.deliver_at = at(-500);
  EXPECT_EQ(append(later, {endpoint}).deliveries.front().due_at, at(500));
  EXPECT_EQ(append(past, {endpoint}).deliveries.front().due_at, kStart);
  const DuePage before = due(endpoint, at(499));
  EXPECT_EQ(before.rows.size(), 1U);
  EXPECT_EQ(before.next_due_at, at(500));
  const DuePage then = due(endpoint, at(500));
  EXPECT_EQ(then.rows.size(), 2U);
  EXPECT_FALSE(then.next_due_at);
}

TEST_P(StoreContract, DueGivesTheEarliestAndSaysWhetherMoreIsLeft) {
  const EndpointId endpoint = add_endpoint();
  const EndpointId other = add_endpoint();
  const DeliveryId second = append_delivery(endpoint, at(20));
  const DeliveryId first = append_delivery(endpoint, at(10));
  const DeliveryId third = append_delivery(endpoint, at(20));
  const DeliveryId newest = append_delivery(other, at(1));
  const DuePage two = due(endpoint, at(100), 2);
  ASSERT_EQ(two.rows.size(), 2U);
  EXPECT_EQ(two.rows[0].delivery.id, first);
  EXPECT_EQ(two.rows[1].delivery.id, second);
  EXPECT_TRUE(two.more);
  EXPECT_EQ(two.newest, newest);
  const DuePage three = due(endpoint, at(100), 3);
  ASSERT_EQ(three.rows.size(), 3U);
  EXPECT_EQ(three.rows[2].delivery.id, third);
  EXPECT_FALSE(three.more);
}

TEST_P(StoreContract, DueSkipsWhatIsHeldWithoutCountingIt) {
  const EndpointId endpoint = add_endpoint();
  const DeliveryId held = append_delivery(endpoint);
  const DeliveryId free = append_delivery(endpoint);
  const auto is_held = [held](DeliveryId id) { return id == held; };
  const auto page =
      reader_->due({.endpoint = endpoint, .now = kStart, .rows_max = 1, .is_held = is_held});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 1U);
  EXPECT_EQ(page->rows.front().delivery.id, free);
  EXPECT_FALSE(page->more);
}

TEST_P(StoreContract, DueOfNothingTellsTheNewestDelivery) {
  const EndpointId endpoint = add_endpoint();
  EXPECT_EQ(due(endpoint, kStart).newest, DeliveryId{});
  const DeliveryId other = append_delivery(add_endpoint());
  const DuePage page = due(endpoint, kStart);
  EXPECT_TRUE(page.rows.empty());
  EXPECT_EQ(page.newest, other);
}

TEST_P(StoreContract, WaitingEndpointsAreThoseWithPendingDeliveries) {
  const EndpointId busy = add_endpoint();
  const EndpointId idle = add_endpoint();
  const EndpointId deleted = add_endpoint();
  append_delivery(busy, at(30));
  append_delivery(busy, at(20));
  const DeliveryId done = append_delivery(idle);
  append_delivery(deleted);
  settle(stored(done), Delivered{});
  ASSERT_TRUE(committed([&] { return store_->delete_endpoint(deleted, at(1)); }));
  const auto waiting = reader_->waiting_endpoints({}, 10);
  ASSERT_TRUE(waiting);
  EXPECT_EQ(*waiting, (std::vector{WaitingEndpoint{busy, at(20)}}));
}

TEST_P(StoreContract, WaitingEndpointsComeAPageAtATime) {
  std::vector<WaitingEndpoint> expected;
  for (int i = 0; i < 5; ++i) {
    add_endpoint();
    expected.push_back({add_endpoint(), at(i)});
    append_delivery(expected.back().endpoint, at(i));
  }
  std::vector<WaitingEndpoint> found;
  for (std::size_t last = 2; last == 2;) {
    const auto page =
        reader_->waiting_endpoints(found.empty() ? EndpointId{} : found.back().endpoint, 2);
    ASSERT_TRUE(page);
    last = page->size();
    found.insert(found.end(), page->begin(), page->end());
  }
  EXPECT_EQ(found, expected);
}

TEST_P(StoreContract, DeliveredIsFinal) {
  const DeliveryId id = append_delivery(add_endpoint());
  const Settled settled = settle(stored(id), Delivered{}, at(70));
  EXPECT_TRUE(settled.applied);
  EXPECT_EQ(settled.number, 1);
  const Delivery delivery = stored(id);
  EXPECT_EQ(delivery.state, DeliveryState::kDelivered);
  EXPECT_EQ(delivery.finished_at, at(70));
  EXPECT_FALSE(delivery.due_at);
  EXPECT_EQ(delivery.attempts_count, 1);
  EXPECT_TRUE(due(delivery.endpoint, at(10'000)).rows.empty());
}

TEST_P(StoreContract, RetryIsDueAtItsInstant) {
  const EndpointId endpoint = add_endpoint();
  const DeliveryId id = append_delivery(endpoint);
  EXPECT_TRUE(settle(stored(id), RetryAt{at(9000)}).applied);
  const Delivery delivery = stored(id);
  EXPECT_EQ(delivery.state, DeliveryState::kPending);
  EXPECT_EQ(delivery.attempts_count, 1);
  EXPECT_EQ(delivery.schedule_attempts_count, 1);
  const DuePage page = due(endpoint, at(8999));
  EXPECT_TRUE(page.rows.empty());
  EXPECT_EQ(page.next_due_at, at(9000));
  EXPECT_EQ(due(endpoint, at(9000)).rows.size(), 1U);
}

TEST_P(StoreContract, DeadKeepsItsReason) {
  const DeliveryId id = append_delivery(add_endpoint());
  EXPECT_TRUE(settle(stored(id), Dead{DeadReason::kAttemptsExhausted}, at(60)).applied);
  const Delivery delivery = stored(id);
  EXPECT_EQ(delivery.state, DeliveryState::kDead);
  EXPECT_EQ(delivery.dead_reason, DeadReason::kAttemptsExhausted);
  EXPECT_EQ(delivery.finished_at, at(60));
}

TEST_P(StoreContract, AnswerOfAnEarlierRoundIsRecordedAndChangesNothing) {
  const DeliveryId id = append_delivery(add_endpoint());
  const Delivery sent = stored(id);
  ASSERT_TRUE(committed([&] { return store_->change_delivery(sent); }));
  const Settled late = settle(sent, Dead{DeadReason::kRejected});
  EXPECT_FALSE(late.applied);
  EXPECT_EQ(late.number, 1);
  const Delivery now = stored(id);
  EXPECT_EQ(now.state, DeliveryState::kPending);
  EXPECT_EQ(now.round, sent.round + 1);
  EXPECT_EQ(now.attempts_count, 1);
  EXPECT_EQ(settle(now, RetryAt{at(9000)}).number, 2);
  EXPECT_FALSE(settle(sent, RetryAt{at(1)}).applied);
  EXPECT_EQ(stored(id).due_at, at(9000));
}

TEST_P(StoreContract, DeliveredAppliesInAnyRoundWhilePending) {
  const DeliveryId id = append_delivery(add_endpoint());
  const Delivery sent = stored(id);
  ASSERT_TRUE(committed([&] { return store_->change_delivery(sent); }));
  EXPECT_TRUE(settle(sent, Delivered{}).applied);
  EXPECT_EQ(stored(id).state, DeliveryState::kDelivered);
}

TEST_P(StoreContract, DeliveredDoesNotReviveWhatIsFinal) {
  const DeliveryId id = append_delivery(add_endpoint());
  Delivery cancelled = stored(id);
  cancelled.state = DeliveryState::kCancelled;
  cancelled.due_at.reset();
  cancelled.finished_at = at(5);
  ASSERT_TRUE(committed([&] { return store_->change_delivery(cancelled); }));
  const Settled late = settle(stored(id), Delivered{});
  EXPECT_FALSE(late.applied);
  EXPECT_EQ(late.number, 1);
  EXPECT_EQ(stored(id).state, DeliveryState::kCancelled);
}

TEST_P(StoreContract, SettlementsOfOneBatchComeBackInOrder) {
  const EndpointId endpoint = add_endpoint();
  const DeliveryId first = append_delivery(endpoint);
  const DeliveryId second = append_delivery(endpoint);
  const Settlement of_first{
      .delivery = first,
      .endpoint = endpoint,
      .round = 0,
      .attempt = make_attempt(Outcome::kTimeout, 0),
      .next = RetryAt{at(50)}};
  const Settlement of_second{
      .delivery = second,
      .endpoint = endpoint,
      .round = 7,
      .attempt = make_attempt(Outcome::kGone, 410),
      .next = Dead{DeadReason::kGone}};
  const std::vector<Settlement> batch{of_first, of_second, of_first};
  const auto settled = committed([&] { return store_->settle(batch, at(10)); });
  ASSERT_TRUE(settled);
  ASSERT_EQ(settled->size(), 3U);
  EXPECT_TRUE((*settled)[0].applied);
  EXPECT_FALSE((*settled)[1].applied);
  EXPECT_EQ((*settled)[2].number, 2);
  EXPECT_LT((*settled)[0].attempt, (*settled)[1].attempt);
}

TEST_P(StoreContract, SettlesADeliveryWhoseAttemptsWereCountedMeanwhile) {
  const DeliveryId id = append_delivery(add_endpoint());
  const Delivery as_sent = stored(id);
  EXPECT_EQ(settle(as_sent, RetryAt{at(50)}).number, 1);
  const Settled settled = settle(as_sent, Delivered{});
  EXPECT_TRUE(settled.applied);
  EXPECT_EQ(settled.number, 2);
  EXPECT_EQ(stored(id).state, DeliveryState::kDelivered);
  EXPECT_EQ(stored(id).attempts_count, 2);
}

TEST_P(StoreContract, SettlingWhatIsGoneIsNoError) {
  Delivery unknown;
  unknown.id = {12345};
  const Settled settled = settle(unknown, Delivered{});
  EXPECT_FALSE(settled.applied);
  EXPECT_EQ(settled.number, 0);
}

TEST_P(StoreContract, RolledBackLeavesNothing) {
  const EndpointId endpoint = add_endpoint();
  const std::vector<NewEvent> events{{.draft = make_draft(), .targets = {{endpoint}}}};
  ASSERT_TRUE(store_->begin());
  EXPECT_TRUE(store_->in_transaction());
  ASSERT_TRUE(store_->append(events, kStart));
  store_->rollback();
  EXPECT_FALSE(store_->in_transaction());
  EXPECT_TRUE(due(endpoint, kStart).rows.empty());
}

TEST_P(StoreContract, SavepointUndoesOneCommandAlone) {
  const EndpointId endpoint = add_endpoint();
  const std::vector<NewEvent> events{{.draft = make_draft(), .targets = {{endpoint}}}};
  ASSERT_TRUE(store_->begin());
  ASSERT_TRUE(store_->savepoint());
  ASSERT_TRUE(store_->append(events, kStart));
  ASSERT_TRUE(store_->release_savepoint());
  ASSERT_TRUE(store_->savepoint());
  ASSERT_TRUE(store_->append(events, kStart));
  EXPECT_FALSE(store_->event({12345}));
  ASSERT_TRUE(store_->append(events, kStart));
  store_->rollback_to_savepoint();
  ASSERT_TRUE(store_->savepoint());
  ASSERT_TRUE(store_->append(events, kStart));
  ASSERT_TRUE(store_->release_savepoint());
  ASSERT_TRUE(store_->commit());
  EXPECT_EQ(due(endpoint, kStart).rows.size(), 2U);
}

TEST_P(StoreContract, ReadersSeeOnlyWhatIsCommitted) {
  const EndpointId endpoint = add_endpoint();
  const std::vector<NewEvent> events{{.draft = make_draft(), .targets = {{endpoint}}}};
  ASSERT_TRUE(store_->begin());
  ASSERT_TRUE(store_->append(events, kStart));
  EXPECT_TRUE(due(endpoint, kStart).rows.empty());
  ASSERT_TRUE(store_->commit());
  EXPECT_EQ(due(endpoint, kStart).rows.size(), 1U);
}

TEST_P(StoreContract, IdsGrowOverRestartsAndClocksThatStepBack) {
  const EndpointId endpoint = add_endpoint();
  const DeliveryId first = append_delivery(endpoint, at(60'000));
  const Settled settled = settle(stored(first), RetryAt{at(70'000)}, at(60'000));
  reopen();
  const Appended second = append(make_draft(), {endpoint}, kStart);
  EXPECT_GT(second.id.value, settled.attempt.value);
  EXPECT_GT(second.deliveries.front().id, first);
  EXPECT_EQ(second.created_at, kStart);
}

TEST_P(StoreContract, DeliveryIsFoundByEventAndEndpoint) {
  const EndpointId endpoint = add_endpoint();
  const EndpointId other = add_endpoint();
  const Appended appended = append(make_draft(), {endpoint});
  const auto found = store_->find_delivery(appended.id, endpoint);
  ASSERT_TRUE(found);
  ASSERT_TRUE(*found);
  EXPECT_EQ((*found)->id, appended.deliveries.front().id);
  EXPECT_EQ(store_->find_delivery(appended.id, other).value(), std::nullopt);
}

TEST_P(StoreContract, DeliveryIsAddedToAnOldEvent) {
  const EndpointId endpoint = add_endpoint();
  const Appended appended = append(make_draft(), {});
  const auto event = store_->event(appended.id);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->data, make_draft().data);
  const auto added = committed([&] { return store_->add_delivery(*event, {endpoint}, at(900)); });
  ASSERT_TRUE(added);
  EXPECT_EQ(added->due_at, at(900));
  EXPECT_EQ(due(endpoint, at(900)).rows.size(), 1U);
  EXPECT_EQ(store_->event({1}).error().code, Errc::kNotFound);
}

TEST_P(StoreContract, DeliveryOfWhatDoesNotExistIsRefused) {
  const EndpointId endpoint = add_endpoint();
  const Appended appended = append(make_draft(), {});
  Event event = store_->event(appended.id).value();
  const std::vector<NewEvent> unknown{{.draft = make_draft(), .targets = {{endpoint}, {{12345}}}}};
  EXPECT_TRUE(refused([&] { return store_->append(unknown, kStart); }));
  const std::vector<NewEvent> twice{{.draft = make_draft(), .targets = {{endpoint}, {endpoint}}}};
  EXPECT_TRUE(refused([&] { return store_->append(twice, kStart); }));
  event.id = {12345};
  EXPECT_TRUE(refused([&] { return store_->add_delivery(event, {endpoint}, kStart); }));
  EXPECT_TRUE(due(endpoint, kStart).rows.empty());
  EXPECT_EQ(reader_->events({}, {})->rows.size(), 1U);
}

TEST_P(StoreContract, ChangeOfADeliveryWritesAllAndRaisesItsRound) {
  const DeliveryId id = append_dead(add_endpoint(), at(10));
  Delivery dead = stored(id);
  dead.discarded = true;
  ASSERT_TRUE(committed([&] { return store_->change_delivery(dead); }));
  dead.round += 1;
  EXPECT_EQ(stored(id), dead);
  Delivery replayed = dead;
  replayed.state = DeliveryState::kPending;
  replayed.due_at = at(99);
  replayed.dead_reason.reset();
  replayed.finished_at.reset();
  replayed.discarded = false;
  replayed.schedule_attempts_count = 0;
  ASSERT_TRUE(committed([&] { return store_->change_delivery(replayed); }));
  replayed.round += 1;
  EXPECT_EQ(stored(id), replayed);
  EXPECT_EQ(stored(id).attempts_count, 1);
  replayed.id = {1};
  const auto unknown = committed([&] { return store_->change_delivery(replayed); });
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::kNotFound);
}

}  // namespace postrider::testing
