// The stored state of rate limits and circuits.
#include "tests/contract/store_contract.h"

namespace postrider::testing {
namespace {

using Sends = std::vector<std::pair<EndpointId, MonoTime>>;

constexpr MonoTime kMono{std::chrono::hours{1}};
constexpr MonoTime mono(std::int64_t ms) { return kMono + Millis{ms}; }

/// Makes the settlement of a request that was sent at `sent_at` under a rate limit.
std::vector<Settlement> limited(const Delivery& delivery, MonoTime sent_at) {
  Settlement settlement;
  settlement.delivery = delivery.id;
  settlement.endpoint = delivery.endpoint;
  settlement.round = delivery.round;
  settlement.attempt = make_attempt();
  settlement.next = Delivered{};
  settlement.sent_at = sent_at;
  settlement.rate_period = Millis{1000};
  return {settlement};
}

}  // namespace

TEST_P(StoreContract, RequestsUnderARateLimitAreRememberedForItsPeriod) {
  const EndpointId endpoint = add_endpoint();
  const EndpointId other = add_endpoint();
  const auto send = [&](std::int64_t sent_at_ms) {
    const auto settlements = limited(stored(append_delivery(endpoint)), mono(sent_at_ms));
    ASSERT_TRUE(committed([&] { return store_->settle(settlements, at(1)); }));
  };
  const auto sends = [&] { return reader_->recent_sends().value(); };
  settle(stored(append_delivery(other)), Delivered{});
  send(0);
  send(400);
  send(400);
  EXPECT_EQ(sends(), (Sends{{endpoint, mono(0)}, {endpoint, mono(400)}, {endpoint, mono(400)}}));
  send(1000);
  reopen();
  EXPECT_EQ(sends(), (Sends{{endpoint, mono(400)}, {endpoint, mono(400)}, {endpoint, mono(1000)}}));
  ASSERT_TRUE(committed([&] { return store_->forget_sends(endpoint); }));
  EXPECT_TRUE(sends().empty());
}

TEST_P(StoreContract, RequestsOfAClockThatBeganAnewCountAsSentNow) {
  const EndpointId endpoint = add_endpoint();
  const auto sends = [&] { return reader_->recent_sends().value(); };
  const auto send = [&](std::int64_t sent_at_ms) {
    const auto settlements = limited(stored(append_delivery(endpoint)), mono(sent_at_ms));
    ASSERT_TRUE(committed([&] { return store_->settle(settlements, at(1)); }));
  };
  const auto begin = [&](std::int64_t boot, MonoTime now) {
    store_->set_boot(boot);
    ASSERT_TRUE(committed([&] { return store_->rebase_sends(endpoint, now); }));
  };
  begin(7, mono(0));
  send(10);
  send(20);
  begin(7, mono(15));
  EXPECT_EQ(sends(), (Sends{{endpoint, mono(10)}, {endpoint, mono(15)}}));
  begin(8, mono(-5000));
  EXPECT_EQ(sends(), (Sends{{endpoint, mono(-5000)}, {endpoint, mono(-5000)}}));
  begin(8, mono(-4000));
  EXPECT_EQ(sends(), (Sends{{endpoint, mono(-5000)}, {endpoint, mono(-5000)}}));
}

TEST_P(StoreContract, WhatMayHaveBeenInFlightCountsOncePerDueDeliveryUpToABound) {
  const EndpointId endpoint = add_endpoint();
  const auto sends = [&] { return reader_->recent_sends().value(); };
  append_delivery(endpoint);
  append_delivery(endpoint);
  EventDraft later = make_draft();
  later.deliver_at = at(5000);
  append(later, {endpoint});
  const auto assume = [&](std::size_t count_max) {
    ASSERT_TRUE(committed([&] { return store_->assume_sends(endpoint, count_max, at(10), mono(0)); }
    ));
  };
  assume(32);
  EXPECT_EQ(sends(), (Sends{{endpoint, mono(0)}, {endpoint, mono(0)}}));
  assume(1);
  EXPECT_EQ(sends().size(), 3U);
}

TEST_P(StoreContract, CircuitsAndRoundsOfHealthAreKept) {
  const EndpointId id = add_endpoint();
  EXPECT_FALSE(reader_->endpoint(id)->circuit);
  const OpenCircuit circuit{at(5), at(5005), Millis{5000}};
  ASSERT_TRUE(committed([&] { return store_->put_endpoint_health(id, at(1), 12, circuit); }));
  reopen();
  auto endpoint = reader_->endpoint(id).value();
  EXPECT_EQ(endpoint.circuit, circuit);
  endpoint.health_round = 3;
  ASSERT_TRUE(committed([&] { return store_->put_endpoint(endpoint); }));
  EXPECT_EQ(reader_->endpoint(id)->health_round, 3);
  EXPECT_EQ(reader_->endpoint(id)->circuit, circuit) << "a change of the config keeps it";
  ASSERT_TRUE(committed([&] {
    return store_->put_endpoint_health(id, std::nullopt, 0, std::nullopt);
  }));
  EXPECT_FALSE(reader_->all_endpoints()->front().circuit);
}

TEST_P(StoreContract, WhatHasWaitedForLongEnoughDiesAndNothingElse) {
  const EndpointId endpoint = add_endpoint();
  const DeliveryId first = append_delivery(endpoint, at(0));
  const DeliveryId second = append_delivery(endpoint, at(10));
  const DeliveryId later = append_delivery(endpoint, at(11));
  const DeliveryId other = append_delivery(add_endpoint(), at(0));
  std::vector<DeliveryId> ended;
  for (int calls = 0; calls < 4; ++calls) {
    const auto dead =
        committed([&] { return store_->expire_waiting(endpoint, at(10), at(99), rows_max()); });
    ASSERT_TRUE(dead);
    EXPECT_LE(dead->size(), rows_max());
    for (const auto& row : *dead) ended.push_back(row.id);
  }
  EXPECT_EQ(ended, (std::vector{first, second}));
  EXPECT_EQ(stored(first).dead_reason, DeadReason::kAttemptsExhausted);
  EXPECT_EQ(stored(first).finished_at, at(99));
  EXPECT_EQ(stored(first).round, 1);
  EXPECT_EQ(stored(first).attempts_count, 0);
  EXPECT_EQ(stored(later).state, DeliveryState::kPending);
  EXPECT_EQ(stored(other).state, DeliveryState::kPending);
}

TEST_P(StoreContract, DeliveriesAreReadByIdWhileTheyArePending) {
  const EndpointId endpoint = add_endpoint();
  const DeliveryId id = append_delivery(endpoint, at(10));
  const DeliveryId later = append_delivery(endpoint, at(20));
  const std::vector<DeliveryId> wanted{later, DeliveryId{1}, id};
  const auto pending = reader_->pending(wanted).value();
  ASSERT_EQ(pending.size(), 2U);
  EXPECT_EQ(pending[0].pending.delivery, stored(later));
  EXPECT_EQ(pending[1].pending.delivery, stored(id));
  EXPECT_EQ(pending[1].pending.event->data, make_draft().data);
  settle(stored(id), Delivered{}, at(20));
  EXPECT_EQ(reader_->pending(wanted)->size(), 1U);
}

}  // namespace postrider::testing
