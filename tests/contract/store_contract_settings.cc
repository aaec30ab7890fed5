// Endpoints, keys, types, tasks, statistics, idempotency, the SQL outbox.
#include "tests/contract/store_contract.h"

namespace postrider::testing {

TEST_P(StoreContract, EndpointComesBackAsItWentIn) {
  Endpoint endpoint = make_endpoint("acme");
  endpoint.config.event_types = {"order.*"};
  endpoint.config.channels = {"eu"};
  endpoint.config.headers = {{"x-a", "1"}};
  endpoint.config.retry = default_retry_policy();
  endpoint.config.timeout = Millis{2000};
  endpoint.secrets.push_back({.value = "old", .created_at = at(-5), .expires_at = at(500)});
  const EndpointId id = add_endpoint(endpoint, at(3));
  auto read = reader_->endpoint(id);
  ASSERT_TRUE(read) << read.error().context;
  EXPECT_EQ(read->tenant, "acme");
  EXPECT_EQ(read->config, endpoint.config);
  EXPECT_EQ(read->secrets, endpoint.secrets);
  EXPECT_EQ(read->created_at, at(3));
  EXPECT_EQ(read->state, EndpointState::kActive);
  read->state = EndpointState::kDisabled;
  read->state_reason = DisabledReason::kFailing;
  read->secrets.pop_back();
  ASSERT_TRUE(committed([&] { return store_->put_endpoint_health(id, at(4), 20, std::nullopt); }));
  ASSERT_TRUE(committed([&] { return store_->put_endpoint(*read); }));
  const auto changed = reader_->all_endpoints();
  ASSERT_TRUE(changed);
  ASSERT_EQ(changed->size(), 1U);
  EXPECT_EQ(changed->front().state_reason, DisabledReason::kFailing);
  EXPECT_EQ(changed->front().secrets.size(), 1U);
  EXPECT_EQ(changed->front().failing_since, at(4));
  EXPECT_EQ(changed->front().failed_attempts_count, 20);
}

TEST_P(StoreContract, DeletedEndpointIsGoneForEveryone) {
  const EndpointId id = add_endpoint();
  Endpoint endpoint = reader_->endpoint(id).value();
  append_dead(id, at(1));
  ASSERT_TRUE(committed([&] { return store_->delete_endpoint(id, at(2)); }));
  EXPECT_EQ(reader_->endpoint(id).error().code, Errc::kNotFound);
  EXPECT_TRUE(reader_->all_endpoints()->empty());
  EXPECT_EQ(
      committed([&] { return store_->put_endpoint(endpoint); }).error().code, Errc::kNotFound
  );
  EXPECT_EQ(
      committed([&] { return store_->delete_endpoint(id, at(3)); }).error().code, Errc::kNotFound
  );
  EXPECT_EQ(reader_->dead_letters({}, {})->rows.size(), 1U);
}

TEST_P(StoreContract, EndpointsAreListedByTenantAndState) {
  const EndpointId first = add_endpoint();
  const EndpointId second = add_endpoint(make_endpoint("acme"));
  Endpoint paused = reader_->endpoint(first).value();
  paused.state = EndpointState::kPaused;
  ASSERT_TRUE(committed([&] { return store_->put_endpoint(paused); }));
  const auto list = [&](const EndpointFilter& filter) {
    std::vector<EndpointId> ids;
    for (const auto& row : all_pages<Endpoint>(
             [&](const PageParams& page) { return reader_->endpoints(filter, page); }, rows_max()
         ))
      ids.push_back(row.id);
    return ids;
  };
  EXPECT_EQ(list({}), (std::vector{second, first}));
  EXPECT_EQ(list({.tenant = "acme", .state = {}}), std::vector{second});
  EXPECT_EQ(list({.tenant = {}, .state = EndpointState::kPaused}), std::vector{first});
}

TEST_P(StoreContract, KeysAreStoredListedAndDeleted) {
  ApiKey key{
      .id = {},
      .name = "ci",
      .scope = KeyScope::kTenant,
      .tenant = "acme",
      .sha256 = std::string(31, '\0') + "x",
      .created_at = {},
      .expires_at = at(9),
      .last_used_at = {}};
  const auto id = committed([&] { return store_->add_api_key(key, at(1)); });
  ASSERT_TRUE(id);
  const auto keys = reader_->all_api_keys();
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(keys->front().id, *id);
  EXPECT_EQ(keys->front().sha256, key.sha256);
  EXPECT_EQ(keys->front().scope, KeyScope::kTenant);
  EXPECT_EQ(keys->front().tenant, "acme");
  EXPECT_EQ(keys->front().expires_at, at(9));
  EXPECT_EQ(reader_->api_keys({})->rows.size(), 1U);
  ASSERT_TRUE(committed([&] { return store_->delete_api_key(*id); }));
  EXPECT_EQ(committed([&] { return store_->delete_api_key(*id); }).error().code, Errc::kNotFound);
}

TEST_P(StoreContract, KeysKeepTheirLatestUse) {
  const auto add = [&](std::string_view name, char hash) {
    ApiKey key;
    key.name = name;
    key.sha256 = std::string(32, hash);
    return committed([&] { return store_->add_api_key(key, at(1)); }).value();
  };
  const KeyId unused = add("unused", 'a');
  const KeyId used = add("used", 'b');
  const KeyId removed = add("removed", 'c');
  ASSERT_TRUE(committed([&] { return store_->delete_api_key(removed); }));
  const auto record = [&](const std::vector<ApiKeyUse>& uses) {
    ASSERT_TRUE(committed([&] { return store_->record_api_key_uses(uses); }));
  };
  record({});
  record({{used, at(5)}, {removed, at(5)}});
  record({{used, at(9)}});
  record({{used, at(7)}});  // another node's, and earlier
  const auto keys = reader_->all_api_keys();
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(keys->at(0).id, used);
  EXPECT_EQ(keys->at(0).last_used_at, at(9));
  EXPECT_EQ(keys->at(1).id, unused);
  EXPECT_FALSE(keys->at(1).last_used_at);
}

TEST_P(StoreContract, EventTypesHaveOneName) {
  EventType type{
      .name = "a",
      .description = "d",
      .schema = "{}",
      .archived = false,
      .created_at = at(1),
      .updated_at = at(1)};
  ASSERT_TRUE(committed([&] { return store_->add_event_type(type); }));
  EXPECT_EQ(committed([&] { return store_->add_event_type(type); }).error().code, Errc::kConflict);
  type.archived = true;
  type.schema.clear();
  ASSERT_TRUE(committed([&] { return store_->put_event_type(type); }));
  EXPECT_TRUE(reader_->event_type("a")->archived);
  type.name = "b";
  ASSERT_TRUE(committed([&] { return store_->add_event_type(type); }));
  const auto types = all_pages<EventType>(
      [&](const PageParams& page) { return reader_->event_types(page); }, rows_max()
  );
  ASSERT_EQ(types.size(), 2U);
  EXPECT_EQ(types.front().name, "a");
  ASSERT_TRUE(committed([&] { return store_->delete_event_type("a"); }));
  EXPECT_EQ(reader_->event_type("a").error().code, Errc::kNotFound);
  EXPECT_EQ(reader_->all_event_types()->size(), 1U);
}

TEST_P(StoreContract, EventTypesAreListedInTheOrderOfTheirBytes) {
  const std::vector<std::string> names{"B", "Z.a", "_x", "a", "a-b", "a.b", "ab"};
  for (const std::string& name :
       {names[4], names[0], names[6], names[2], names[5], names[1], names[3]}) {
    EventType type{
        .name = name, .description = {}, .schema = {}, .created_at = {}, .updated_at = {}};
    ASSERT_TRUE(committed([&] { return store_->add_event_type(type); }));
  }
  std::vector<std::string> listed;
  for (const auto& type : all_pages<EventType>(
           [&](const PageParams& page) { return reader_->event_types(page); }, rows_max()
       ))
    listed.push_back(type.name);
  EXPECT_EQ(listed, names);
}

TEST_P(StoreContract, WhatPeopleAndReceiversSayComesBackByteForByte) {
  const std::string any{"\x00\xff\xc3( ' \\", 8};
  const ApiKey key{
      .id = {},
      .name = any,
      .scope = KeyScope::kEmit,
      .tenant = {},
      .sha256 = std::string(32, '\0'),
      .created_at = {},
      .expires_at = {},
      .last_used_at = {}};
  ASSERT_TRUE(committed([&] { return store_->add_api_key(key, at(1)); }));
  EXPECT_EQ(reader_->all_api_keys()->front().name, any);
  const EventType type{
      .name = "a", .description = any, .schema = {}, .created_at = {}, .updated_at = {}};
  ASSERT_TRUE(committed([&] { return store_->add_event_type(type); }));
  EXPECT_EQ(reader_->event_type("a")->description, any);
  const DeliveryId id = append_delivery(add_endpoint());
  Attempt attempt = make_attempt(Outcome::kRejected, 400);
  attempt.error = any;
  settle(stored(id), RetryAt{at(9000)}, at(1), attempt);
  EXPECT_EQ(reader_->history(id)->attempts.front().error, any);
}

TEST_P(StoreContract, TasksGoOnOverRestarts) {
  Task task;
  task.kind = TaskKind::kRecoverEndpoint;
  task.filter.endpoint = EndpointId{7};
  task.filter.reason = DeadReason::kGone;
  task.filter.until = at(5);
  task.total = 9;
  const auto id = committed([&] { return store_->add_task(task, at(1)); });
  ASSERT_TRUE(id) << id.error().context;
  task = store_->task(*id).value();
  task.cursor = "1.2";
  task.done = 4;
  ASSERT_TRUE(committed([&] { return store_->put_task(task); }));
  reopen();
  const auto running = reader_->running_tasks();
  ASSERT_TRUE(running);
  ASSERT_EQ(running->size(), 1U);
  EXPECT_EQ(running->front().cursor, "1.2");
  EXPECT_EQ(running->front().done, 4);
  EXPECT_EQ(running->front().filter.endpoint, EndpointId{7});
  EXPECT_EQ(running->front().filter.reason, DeadReason::kGone);
  task.state = TaskState::kFailed;
  task.error = "why";
  ASSERT_TRUE(committed([&] { return store_->put_task(task); }));
  EXPECT_TRUE(reader_->running_tasks()->empty());
  EXPECT_EQ(reader_->task(*id)->error, "why");
  EXPECT_EQ(reader_->tasks({})->rows.size(), 1U);
}

TEST_P(StoreContract, StatisticsAddUpByBucket) {
  StatRow tenant{.minute = kStart, .tenant = "acme", .endpoint = {}, .events = 3};
  StatRow endpoint{.minute = kStart, .tenant = "acme", .endpoint = {7}, .delivered = 2};
  endpoint.attempts[3] = 5;
  endpoint.duration_ms_sum = 40;
  StatRow next = endpoint;
  next.minute = at(60'000);
  const std::vector<StatRow> rows{tenant, endpoint, endpoint, next};
  ASSERT_TRUE(committed([&] { return store_->add_stats(rows); }));
  StatFilter filter{
      .tenant = {},
      .endpoint = {},
      .since = kStart,
      .until = at(120'000),
      .bucket = Millis{60'000}};
  const auto minutes = reader_->stats(filter);
  ASSERT_TRUE(minutes);
  ASSERT_EQ(minutes->size(), 2U);
  EXPECT_EQ(minutes->front().events, 3);
  EXPECT_EQ(minutes->front().delivered, 4);
  EXPECT_EQ(minutes->front().attempts[3], 10);
  EXPECT_EQ(minutes->front().duration_ms_sum, 80);
  filter.bucket = Millis{3'600'000};
  filter.endpoint = EndpointId{7};
  const auto hour = reader_->stats(filter);
  ASSERT_EQ(hour->size(), 1U);
  EXPECT_EQ(hour->front().delivered, 6);
  EXPECT_EQ(hour->front().events, 0);
  filter.tenant = "other";
  EXPECT_TRUE(reader_->stats(filter)->empty());
}

TEST_P(StoreContract, IdempotencyKeysAreOfATenant) {
  const IdempotencyRecord record{.body_sha256 = std::string(32, '\0'), .answer = "{\"id\":1}"};
  ASSERT_TRUE(committed([&] { return store_->put_idempotency("acme", "k", record, kStart); }));
  const auto found = store_->idempotency("acme", "k");
  ASSERT_TRUE(found);
  ASSERT_TRUE(*found);
  EXPECT_EQ((*found)->answer, record.answer);
  EXPECT_EQ((*found)->body_sha256, record.body_sha256);
  EXPECT_FALSE(store_->idempotency("other", "k").value());
}

TEST_P(StoreContract, OutboxTakesWhateverProducersInsert) {
  EXPECT_FALSE(reader_->outbox_waiting().value());
  factory_->produce("INSERT INTO outbox (type, data) VALUES ('a', '{}')");
  factory_->produce("INSERT INTO outbox (data, deliver_at) VALUES (5, 'nonsense')");
  EXPECT_TRUE(reader_->outbox_waiting().value());
  const auto rows = store_->outbox(10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ(rows->front().type, "a");
  EXPECT_FALSE(rows->front().tenant);
  EXPECT_EQ(rows->back().data, "5");
  EXPECT_FALSE(rows->back().type);
  EXPECT_EQ(store_->outbox(1)->size(), 1U);
  ASSERT_TRUE(committed([&] { return store_->remove_outbox(rows->front().id); }));
  ASSERT_TRUE(committed([&] { return store_->reject_outbox(rows->back().id, "no type", at(1)); }));
  EXPECT_TRUE(store_->outbox(10)->empty());
  EXPECT_FALSE(reader_->outbox_waiting().value());
}

TEST_P(StoreContract, ProbeIsWrittenByEveryCommitWithItAlsoAtOneInstant) {
  const DeliveryId delivery = append_delivery(add_endpoint());
  const auto begun = factory_->change_mark();
  committed([&] { return Status{}; });
  ASSERT_EQ(factory_->change_mark(), begun) << "an empty transaction writes nothing";
  ASSERT_TRUE(committed([&] { return store_->write_probe(at(1)); }));
  const auto once = factory_->change_mark();
  EXPECT_NE(once, begun);
  ASSERT_TRUE(committed([&] { return store_->write_probe(at(1)); }));
  const auto twice = factory_->change_mark();
  EXPECT_NE(twice, once);
  ASSERT_TRUE(committed([&] { return store_->write_probe(at(0)); }));
  const auto after_the_clock_went_back = factory_->change_mark();
  EXPECT_NE(after_the_clock_went_back, twice);
  ASSERT_TRUE(store_->begin());
  ASSERT_TRUE(store_->write_probe(at(2)));
  store_->rollback();
  EXPECT_EQ(factory_->change_mark(), after_the_clock_went_back);
  reopen();
  EXPECT_EQ(stored(delivery).state, DeliveryState::kPending);
  EXPECT_GT(append_delivery(add_endpoint()), delivery) << "ids grow on";
}

}  // namespace postrider::testing
