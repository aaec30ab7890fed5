// Sweeps and retention.
#include "tests/contract/store_contract.h"

namespace postrider::testing {

TEST_P(StoreContract, ExpiredEventsEndTheirPendingDeliveries) {
  const EndpointId endpoint = add_endpoint();
  EventDraft draft = make_draft();
  draft.expires_at = at(100);
  const DeliveryId first = append(draft, {endpoint}).deliveries.front().id;
  const DeliveryId second = append(draft, {endpoint}).deliveries.front().id;
  const DeliveryId lasting = append_delivery(endpoint);
  settle(stored(second), Delivered{}, at(50));
  EXPECT_TRUE(committed([&] { return store_->expire(at(99), 100); })->empty());
  const auto expired = committed([&] { return store_->expire(at(100), rows_max()); });
  ASSERT_TRUE(expired);
  ASSERT_EQ(expired->size(), 1U);
  EXPECT_EQ(expired->front(), stored(first));
  EXPECT_EQ(expired->front().state, DeliveryState::kDead);
  EXPECT_EQ(expired->front().dead_reason, DeadReason::kExpired);
  EXPECT_EQ(expired->front().finished_at, at(100));
  EXPECT_EQ(expired->front().round, 1);
  EXPECT_EQ(expired->front().expires_at, at(100));
  EXPECT_EQ(stored(lasting).state, DeliveryState::kPending);
}

TEST_P(StoreContract, WhatWaitsTooLongForADisabledEndpointDies) {
  const EndpointId disabled = add_endpoint();
  const EndpointId active = add_endpoint();
  const DeliveryId old = append_delivery(disabled, at(0));
  append_delivery(active, at(0));
  settle(stored(old), RetryAt{at(90'000)}, at(1));
  const DeliveryId fresh = append_delivery(disabled, at(70'000));
  auto endpoint = reader_->endpoint(disabled).value();
  endpoint.state = EndpointState::kDisabled;
  endpoint.state_reason = DisabledReason::kGone;
  endpoint.state_changed_at = at(50'000);
  ASSERT_TRUE(committed([&] { return store_->put_endpoint(endpoint); }));
  const auto sweep = [&](WallTime before) {
    std::vector<DeliveryId> ids;
    for (int calls = 0; calls < 8; ++calls) {
      const auto dead =
          committed([&] { return store_->expire_disabled(before, at(99'000), rows_max()); });
      EXPECT_TRUE(dead);
      for (const auto& row : *dead) ids.push_back(row.id);
    }
    return ids;
  };
  EXPECT_TRUE(sweep(at(50'000)).empty());
  EXPECT_EQ(sweep(at(60'000)), std::vector{old});
  EXPECT_EQ(stored(old).dead_reason, DeadReason::kEndpointDisabled);
  EXPECT_EQ(stored(old).round, 1);
  EXPECT_EQ(stored(fresh).state, DeliveryState::kPending);
}

TEST_P(StoreContract, DeletedEndpointsCancelWhatWaits) {
  const EndpointId deleted = add_endpoint();
  const DeliveryId first = append_delivery(deleted);
  const DeliveryId second = append_delivery(deleted);
  const DeliveryId other = append_delivery(add_endpoint());
  ASSERT_TRUE(committed([&] { return store_->delete_endpoint(deleted, at(5)); }));
  std::size_t cancelled = 0;
  for (int calls = 0; calls < 4; ++calls) {
    const auto rows = committed([&] { return store_->cancel_deleted(at(9), rows_max()); });
    ASSERT_TRUE(rows);
    EXPECT_LE(rows->size(), rows_max());
    cancelled += rows->size();
  }
  EXPECT_EQ(cancelled, 2U);
  EXPECT_EQ(stored(first).state, DeliveryState::kCancelled);
  EXPECT_EQ(stored(second).finished_at, at(9));
  EXPECT_EQ(stored(other).state, DeliveryState::kPending);
}

TEST_P(StoreContract, RetentionRemovesWholeEventsAndKeepsWhatIsPending) {
  const EndpointId endpoint = add_endpoint();
  const Appended waiting = append(make_draft(), {endpoint}, at(0));
  const Appended done = append(make_draft(), {endpoint}, at(1));
  const Appended unwanted = append(make_draft(), {}, at(2));
  const Appended fresh = append(make_draft(), {}, at(50));
  settle(stored(done.deliveries.front().id), Delivered{}, at(3));
  std::int64_t rows_count = 0;
  bool ended = false;
  for (int calls = 0; calls < 100 && !ended; ++calls) {
    const auto pruned = committed([&] { return store_->prune(at(50), at(0), rows_max()); });
    ASSERT_TRUE(pruned) << pruned.error().context;
    rows_count += pruned->rows_count;
    ended = pruned->done;
  }
  EXPECT_TRUE(ended);
  EXPECT_EQ(rows_count, 4);
  EXPECT_TRUE(store_->event(waiting.id));
  EXPECT_FALSE(store_->event(done.id));
  EXPECT_FALSE(store_->event(unwanted.id));
  EXPECT_TRUE(store_->event(fresh.id));
  EXPECT_EQ(reader_->history(done.deliveries.front().id).error().code, Errc::kNotFound);
  settle(stored(waiting.deliveries.front().id), Delivered{}, at(60));
  for (int calls = 0; calls < 8; ++calls)
    ASSERT_TRUE(committed([&] { return store_->prune(at(50), at(0), rows_max()); }));
  EXPECT_FALSE(store_->event(waiting.id));
}

TEST_P(StoreContract, RetentionRemovesKeysTasksStatisticsAndRejectedRows) {
  const IdempotencyRecord record{.body_sha256 = std::string(32, 'x'), .answer = "{}"};
  Task task;
  task.state = TaskState::kDone;
  factory_->produce("INSERT INTO outbox (type) VALUES ('x')");
  ASSERT_TRUE(committed([&]() -> Status {
    if (auto status = store_->put_idempotency("a", "old", record, at(0)); !status) return status;
    if (auto status = store_->put_idempotency("a", "new", record, at(80)); !status) return status;
    if (auto added = store_->add_task(task, at(0)); !added)
      return tl::unexpected<Error>(added.error());
    return store_->reject_outbox(store_->outbox(1)->front().id, "no data", at(0));
  }));
  std::int64_t rows_count = 0;
  for (int calls = 0; calls < 8; ++calls)
    rows_count += committed([&] { return store_->prune(at(50), at(60), rows_max()); })->rows_count;
  EXPECT_EQ(rows_count, 3);
  EXPECT_FALSE(store_->idempotency("a", "old").value());
  EXPECT_TRUE(store_->idempotency("a", "new").value());
  EXPECT_TRUE(reader_->tasks({})->rows.empty());
}

TEST_P(StoreContract, ExpiredSecretsAreRemoved) {
  Endpoint endpoint = make_endpoint();
  endpoint.secrets.push_back({.value = "old", .created_at = at(-9), .expires_at = at(10)});
  const EndpointId id = add_endpoint(endpoint);
  EXPECT_TRUE(committed([&] { return store_->prune_secrets(at(10)); })->empty());
  EXPECT_EQ(committed([&] { return store_->prune_secrets(at(11)); }).value(), std::vector{id});
  EXPECT_EQ(reader_->endpoint(id)->secrets, make_endpoint().secrets);
}

TEST_P(StoreContract, CheckpointsAreAllowedAtAnyTimeOutsideOfTransactions) {
  append_delivery(add_endpoint());
  EXPECT_TRUE(committed([&] { return store_->release_space(); }));
}

}  // namespace postrider::testing
