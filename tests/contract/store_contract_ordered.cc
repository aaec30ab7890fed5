// Ordered deliveries, which wait in an ordering queue.
#include <algorithm>
#include <map>

#include "tests/contract/store_contract.h"

namespace postrider::testing {
namespace {

EventDraft make_keyed(std::string key, std::optional<WallTime> deliver_at = {}) {
  EventDraft draft = make_draft();
  draft.ordering_key = std::move(key);
  draft.deliver_at = deliver_at;
  return draft;
}

}  // namespace

DeliveryId OrderedStoreContract::append_keyed(
    EndpointId endpoint, std::string key, WallTime now, std::optional<WallTime> deliver_at
) {
  const auto draft = make_keyed(std::move(key), deliver_at);
  return append_to(draft, {{endpoint, Ordering::kKey}}, now).deliveries.front().id;
}

OrderedHead OrderedStoreContract::head(EndpointId endpoint, const std::string& key, WallTime now) {
  OrderedParams params;
  params.endpoint = endpoint;
  params.now = now;
  params.keys = {key};
  params.rows_max = 1;
  auto page = reader_->ordered(params);
  EXPECT_TRUE(page) << page.error().context;
  EXPECT_EQ(page->heads.size(), 1U);
  EXPECT_TRUE(page->scanned.empty());
  return page->heads.front();
}

std::vector<OrderedHead> OrderedStoreContract::scan(
    EndpointId endpoint, WallTime now, std::size_t rows, std::size_t keys
) {
  OrderedParams params;
  params.endpoint = endpoint;
  params.now = now;
  params.scan = true;
  params.rows_max = rows;
  params.keys_max = keys;
  std::vector<OrderedHead> heads;
  for (int pages = 0; pages < 1000; ++pages) {
    auto page = reader_->ordered(params);
    EXPECT_TRUE(page) << page.error().context;
    EXPECT_LE(page->scanned.size(), keys);
    for (auto& one : page->scanned) heads.push_back(std::move(one));
    if (!page->scanned_up_to) return heads;
    params.after = page->scanned_up_to;
  }
  ADD_FAILURE() << "a scan without end";
  return heads;
}

TEST_P(OrderedStoreContract, OrderingDecidesTheLineWhenTheDeliveryIsMade) {
  const EndpointId endpoint = add_endpoint();
  const auto lane_key = [&](Ordering ordering, const std::string& key) {
    const Appended appended = append_to(make_keyed(key), {{endpoint, ordering}});
    const DeliveryId id = appended.deliveries.front().id;
    EXPECT_EQ(reader_->delivery(id)->delivery.lane_key, stored(id).lane_key);
    return stored(id).lane_key;
  };
  EXPECT_EQ(lane_key(Ordering::kNone, "k"), std::nullopt);
  EXPECT_EQ(lane_key(Ordering::kKey, "k"), "k");
  EXPECT_EQ(lane_key(Ordering::kKey, ""), std::nullopt);
  EXPECT_EQ(lane_key(Ordering::kStrict, "k"), "");
  EXPECT_EQ(lane_key(Ordering::kStrict, ""), "");
}

TEST_P(OrderedStoreContract, AddedDeliveryJoinsItsLine) {
  const EndpointId first = add_endpoint();
  const EndpointId second = add_endpoint();
  const Appended appended = append_to(make_keyed("k"), {{first}});
  const auto event = reader_->event(appended.id);
  ASSERT_TRUE(event);
  const auto added = committed([&] {
    return store_->add_delivery(*event, {second, Ordering::kKey}, at(1));
  });
  ASSERT_TRUE(added);
  EXPECT_EQ(stored(added->id).lane_key, "k");
}

TEST_P(OrderedStoreContract, OrderedDeliveriesAreNotAmongTheDue) {
  const EndpointId endpoint = add_endpoint();
  append_keyed(endpoint, "k");
  append_keyed(endpoint, "k", kStart, at(50));
  const DeliveryId free = append_delivery(endpoint);
  const DuePage page = due(endpoint, kStart);
  ASSERT_EQ(page.rows.size(), 1U);
  EXPECT_EQ(page.rows.front().delivery.id, free);
  EXPECT_FALSE(page.next_due_at);
}

TEST_P(OrderedStoreContract, HeadIsTheOldestWhateverItsInstant) {
  const EndpointId endpoint = add_endpoint();
  const EndpointId other = add_endpoint();
  append_keyed(other, "k");
  const DeliveryId first = append_keyed(endpoint, "k", at(10), at(500));
  const DeliveryId second = append_keyed(endpoint, "k", at(20));
  const OrderedHead early = head(endpoint, "k", at(100));
  EXPECT_EQ(early.due_at, at(500));
  EXPECT_TRUE(early.has_successors);
  EXPECT_FALSE(early.delivery);
  const OrderedHead due_now = head(endpoint, "k", at(500));
  ASSERT_TRUE(due_now.delivery);
  EXPECT_EQ(due_now.delivery->delivery, stored(first));
  EXPECT_EQ(due_now.delivery->event->ordering_key, "k");
  settle(stored(first), Dead{DeadReason::kRejected});
  const OrderedHead next = head(endpoint, "k", at(500));
  EXPECT_EQ(next.delivery->delivery.id, second);
  EXPECT_FALSE(next.has_successors);
  settle(stored(second), Delivered{});
  EXPECT_FALSE(head(endpoint, "k", at(500)).due_at);
}

TEST_P(OrderedStoreContract, RetryKeepsTheHeadInItsPlaceAndReplayGivesItBack) {
  const EndpointId endpoint = add_endpoint();
  const DeliveryId first = append_keyed(endpoint, "k");
  const DeliveryId second = append_keyed(endpoint, "k");
  settle(stored(first), RetryAt{at(9000)});
  EXPECT_EQ(head(endpoint, "k", at(5000)).due_at, at(9000));
  settle(stored(first), Dead{DeadReason::kAttemptsExhausted});
  EXPECT_EQ(head(endpoint, "k", at(5000)).delivery->delivery.id, second);
  Delivery again = stored(first);
  again.state = DeliveryState::kPending;
  again.due_at = at(5000);
  again.dead_reason.reset();
  again.finished_at.reset();
  ASSERT_TRUE(committed([&] { return store_->change_delivery(again); }));
  EXPECT_EQ(head(endpoint, "k", at(5000)).delivery->delivery.id, first);
}

TEST_P(OrderedStoreContract, WalkComesToEveryLineOnceAndCostsByLines) {
  const EndpointId endpoint = add_endpoint();
  append_keyed(add_endpoint(), "m");
  std::map<std::string, DeliveryId> first;
  for (const std::string key : {"b", "a", "\xc3\xbc", "a b"}) {
    first[key] = append_keyed(endpoint, key);
    for (int i = 0; i < 5; ++i) append_keyed(endpoint, key);
  }
  append_to(make_draft(), {{endpoint, Ordering::kStrict}});
  append_delivery(endpoint);
  for (const std::size_t keys : {std::size_t{1}, std::size_t{2}, std::size_t{100}}) {
    const auto heads = scan(endpoint, kStart, rows_max(), keys);
    ASSERT_EQ(heads.size(), 5U);
    EXPECT_EQ(heads.front().lane_key, "");
    EXPECT_FALSE(heads.front().has_successors);
    for (const auto& [key, id] : first) {
      const auto is_it = [&, name = key](const OrderedHead& one) { return one.lane_key == name; };
      const auto found = std::find_if(heads.begin(), heads.end(), is_it);
      ASSERT_NE(found, heads.end()) << key;
      EXPECT_EQ(found->delivery->delivery.id, id);
      EXPECT_TRUE(found->has_successors);
    }
  }
}

TEST_P(OrderedStoreContract, LinesAreWalkedInTheOrderOfTheirBytes) {
  const EndpointId endpoint = add_endpoint();
  for (const std::string key : {"b", "a", "\xc3\xa4", "B", "a b", "_", "ab", "a-b"})
    append_keyed(endpoint, key);
  std::vector<std::string> lines;
  for (const auto& one : scan(endpoint, kStart, rows_max(), 3)) lines.push_back(one.lane_key);
  EXPECT_EQ(lines, (std::vector<std::string>{"B", "_", "a", "a b", "a-b", "ab", "b", "\xc3\xa4"}));
}

TEST_P(OrderedStoreContract, WalkPassesOverWhatIsKnownAndPutsNoLimitOnWhatIsNotDue) {
  const EndpointId endpoint = add_endpoint();
  append_keyed(endpoint, "a");
  append_keyed(endpoint, "b", kStart, at(100));
  append_keyed(endpoint, "c", kStart, at(200));
  append_keyed(endpoint, "d");
  OrderedParams params;
  params.endpoint = endpoint;
  params.now = kStart;
  params.scan = true;
  params.rows_max = 1;
  params.keys_max = 10;
  params.is_known = [](const std::string& key) { return key == "a"; };
  const auto page = reader_->ordered(params);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->scanned.size(), 3U);
  EXPECT_EQ(page->scanned[0].due_at, at(100));
  EXPECT_EQ(page->scanned[1].due_at, at(200));
  EXPECT_TRUE(page->scanned[2].delivery);
  EXPECT_EQ(page->scanned_up_to, "d");
  params.after = page->scanned_up_to;
  const auto rest = reader_->ordered(params);
  ASSERT_TRUE(rest);
  EXPECT_TRUE(rest->scanned.empty());
  EXPECT_FALSE(rest->scanned_up_to);
}

TEST_P(OrderedStoreContract, PageEndsWhereItsRowsDo) {
  const EndpointId endpoint = add_endpoint();
  for (const char* key : {"a", "b", "c"}) append_keyed(endpoint, key);
  const DeliveryId newest = append_delivery(add_endpoint());
  OrderedParams params;
  params.endpoint = endpoint;
  params.now = kStart;
  params.keys = {"c", "nothing", "a", "b"};
  params.rows_max = 2;
  const auto page = reader_->ordered(params);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->heads.size(), 3U);
  EXPECT_EQ(page->heads[0].lane_key, "c");
  EXPECT_FALSE(page->heads[1].due_at);
  EXPECT_EQ(page->heads[2].lane_key, "a");
  EXPECT_EQ(page->newest, newest);
}

TEST_P(OrderedStoreContract, WaitingEndpointsAreAlsoThoseWithLinesAlone) {
  const EndpointId endpoint = add_endpoint();
  add_endpoint();
  append_keyed(endpoint, "k", kStart, at(100));
  const auto waiting = reader_->waiting_endpoints({}, 10);
  ASSERT_TRUE(waiting);
  EXPECT_EQ(*waiting, (std::vector{WaitingEndpoint{endpoint, std::nullopt}}));
}

TEST_P(OrderedStoreContract, BacklogCountsWhatIsBehindAnotherOfItsOrderingKeyAsOrdered) {
  const EndpointId plain = add_endpoint();
  const EndpointId endpoint = add_endpoint();
  const EndpointId last = add_endpoint();
  append_delivery(plain, at(5));
  append_delivery(last, at(5));
  append_delivery(endpoint, at(40));
  append_keyed(endpoint, "a", at(10));
  append_keyed(endpoint, "a", at(11), at(900));
  append_keyed(endpoint, "b", at(20), at(800));
  append_keyed(endpoint, "b", at(21));
  const auto backlog = reader_->backlog(at(100));
  ASSERT_TRUE(backlog);
  ASSERT_EQ(backlog->size(), 3U);
  const Backlog& sum = (*backlog)[1];
  EXPECT_EQ(sum.endpoint, endpoint);
  EXPECT_EQ(sum.due, 2);
  EXPECT_EQ(sum.scheduled, 2);
  EXPECT_EQ(sum.ordered, 1);
  EXPECT_EQ(sum.oldest_due_at, at(10));
}

TEST_P(OrderedStoreContract, BacklogKnowsTheStateOfAnEndpointWithOnlyOrderedDeliveries) {
  const EndpointId endpoint = add_endpoint();
  append_keyed(endpoint, "a", at(10));
  Endpoint paused = *reader_->endpoint(endpoint);
  EXPECT_EQ(reader_->backlog(at(100))->front().state, EndpointState::kActive);
  paused.state = EndpointState::kPaused;
  EXPECT_TRUE(committed([&] { return store_->put_endpoint(paused); }));
  EXPECT_EQ(reader_->backlog(at(100))->front().state, EndpointState::kPaused);
}

TEST_P(OrderedStoreContract, DeliveriesSayWhatDecidesWhyTheyWait) {
  const EndpointId endpoint = add_endpoint();
  const DeliveryId free = append_delivery(endpoint, at(5));
  const DeliveryId head = append_keyed(endpoint, "a", at(10), at(900));
  const DeliveryId behind = append_keyed(endpoint, "a", at(11));
  const DeliveryId other = append_keyed(endpoint, "b", at(12));
  const OpenCircuit circuit{at(20), at(30), Millis{5000}};
  EXPECT_TRUE(committed([&] { return store_->put_endpoint_health(endpoint, at(1), 10, circuit); }));
  settle(stored(other), Delivered{});
  const auto page = reader_->deliveries({}, {});
  ASSERT_TRUE(page);
  std::map<DeliveryId, std::optional<WaitingFacts>> waiting;
  for (const DeliveryView& view : page->rows) waiting[view.delivery.id] = view.waiting;
  const auto open = std::optional{circuit};
  EXPECT_EQ(waiting.at(free), (WaitingFacts{.due_at = at(5), .deliver_at = {}, .circuit = open}));
  EXPECT_EQ(
      waiting.at(head), (WaitingFacts{.due_at = at(900), .deliver_at = at(900), .circuit = open})
  );
  const WaitingFacts followed{
      .due_at = at(11), .deliver_at = {}, .is_behind_another = true, .circuit = open};
  EXPECT_EQ(waiting.at(behind), followed);
  EXPECT_EQ(waiting.at(other), std::nullopt);
  EXPECT_EQ(reader_->delivery(behind)->waiting, followed);
  EXPECT_EQ(reader_->history(behind)->view.waiting, followed);
  EXPECT_EQ(reader_->delivery(other)->waiting, std::nullopt);
}

TEST_P(OrderedStoreContract, BlockedByNamesHeadsThatKeepOthersWaiting) {
  const EndpointId endpoint = add_endpoint();
  const DeliveryId failed = append_keyed(endpoint, "failed");
  append_keyed(endpoint, "failed");
  settle(stored(failed), RetryAt{at(2000)});
  const DeliveryId later = append_keyed(endpoint, "later", kStart, at(5000));
  append_keyed(endpoint, "later");
  append_keyed(endpoint, "alone", kStart, at(5000));
  append_keyed(endpoint, "moving");
  append_keyed(endpoint, "moving");
  const auto ids = [&](WallTime now, std::size_t rows) {
    std::vector<DeliveryId> found;
    const auto blocked = reader_->blocked_by(endpoint, now, rows);
    EXPECT_TRUE(blocked);
    for (const auto& one : *blocked) found.push_back(one.id);
    return found;
  };
  EXPECT_EQ(ids(at(1000), 10), (std::vector{failed, later}));
  EXPECT_EQ(ids(at(6000), 10), std::vector{failed}) << "it is due and has failed";
  EXPECT_EQ(ids(at(1000), 1), std::vector{failed});
  EXPECT_EQ(reader_->blocked_by(endpoint, at(1000), 1)->front(), stored(failed));
  EXPECT_TRUE(reader_->blocked_by(add_endpoint(), kStart, 10)->empty());
}

TEST_P(OrderedStoreContract, SweepsEndWhatWaitsInLinesToo) {
  const EndpointId deleted = add_endpoint();
  Endpoint off = make_endpoint();
  off.state = EndpointState::kDisabled;
  off.state_reason = DisabledReason::kOperator;
  off.state_changed_at = kStart;
  const EndpointId disabled = add_endpoint(off);
  std::size_t expected = 0;
  for (const char* key : {"b", "a", "b", "c", "a"}) {
    append_keyed(deleted, key, at(10));
    append_keyed(disabled, key, at(10));
    append_delivery(disabled, at(10));
    expected += 2;
  }
  append_keyed(disabled, "a", at(5000));
  ASSERT_TRUE(committed([&] { return store_->delete_endpoint(deleted, at(20)); }));
  std::size_t cancelled = 0;
  std::size_t dead = 0;
  for (int i = 0; i < 40; ++i) {
    const auto gone = committed([&] { return store_->cancel_deleted(at(99), rows_max()); });
    ASSERT_TRUE(gone);
    for (const auto& one : *gone) EXPECT_TRUE(one.lane_key);
    cancelled += gone->size();
    const auto given_up =
        committed([&] { return store_->expire_disabled(at(1000), at(9000), rows_max()); });
    ASSERT_TRUE(given_up);
    dead += given_up->size();
  }
  EXPECT_EQ(cancelled, 5U);
  EXPECT_EQ(dead, expected);
  EXPECT_EQ(scan(disabled, at(9000), 100, 100).size(), 1U);
}

}  // namespace postrider::testing
