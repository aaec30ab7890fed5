// The engine where other processes append and change endpoints, too.
#include <gmock/gmock.h>

#include "tests/unit/engine/engine_fixture.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Versions of endpoints.

class EndpointVersions : public EngineTest {
 protected:
  void put_version(std::int64_t id, std::int64_t version, const std::string& url) {
    Endpoint endpoint = make_endpoint(id);
    endpoint.version = version;
    endpoint.config.url = url;
    put_endpoint(std::move(endpoint));
  }
  /// Deliveries in the store, for endpoint 1 as it is in that version.
  void store_for_version(std::int64_t version, const std::vector<std::int64_t>& ids) {
    reader_.versions[1] = version;
    for (const std::int64_t id : ids) store(id);
    engine_.resync_endpoint({1});
    tick();
  }
};

TEST_F(EndpointVersions, SendsNothingThatItHasReadForALaterVersionOfTheEndpoint) {
  put_version(1, 4, "http://receiver/before");
  store_for_version(6, {1, 2});
  EXPECT_TRUE(engine_.awaits_endpoints());
  EXPECT_EQ(sent_count(), 0U);
  put_version(1, 5, "http://receiver/between");
  tick();
  EXPECT_TRUE(engine_.awaits_endpoints());
  EXPECT_EQ(sent_count(), 0U);
  put_version(1, 6, "http://receiver/after");
  EXPECT_FALSE(engine_.awaits_endpoints());
  tick();
  ASSERT_EQ(sent_count(), 2U);
  for (const auto& [transfer, request] : transport_.sent)
    EXPECT_THAT(request.url, HasSubstr("after"));
}

TEST_F(EndpointVersions, ReadsNothingMoreWhileItAwaitsOne) {
  store_for_version(1, {1});
  const int reads_count = reader_.reads_count;
  for (int i = 0; i < 3; ++i) {
    commit(10 + i);
    engine_.resync_endpoint({1});
    passed_ += Millis{1000};
    tick();
  }
  EXPECT_EQ(reader_.reads_count, reads_count);
  EXPECT_EQ(sent_count(), 0U);
}

TEST_F(EndpointVersions, SendsWhatItHasReadForAVersionThatItHas) {
  put_version(1, 4, "http://receiver/1");
  store_for_version(4, {1});
  EXPECT_FALSE(engine_.awaits_endpoints());
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(EndpointVersions, KeepsTheLinesOfOrderedDeliveriesWaitingLikewise) {
  Endpoint endpoint = make_endpoint(1);
  endpoint.config.ordering = Ordering::kKey;
  put_endpoint(endpoint);
  for (const std::int64_t id : {1, 2}) {
    store(id);
    reader_.rows[id].delivery.lane_key = "line";
  }
  store_for_version(3, {});
  EXPECT_TRUE(engine_.awaits_endpoints());
  EXPECT_EQ(sent_count(), 0U);
  endpoint.version = 3;
  put_endpoint(endpoint);
  tick();
  EXPECT_EQ(sent_count(), 1U);
  tick({answer(0, 200)});
  settle();
  tick();
  EXPECT_EQ(sent_count(), 2U);
}

TEST_F(EndpointVersions, SendsToOtherEndpointsMeanwhile) {
  put_endpoint(2);
  store_for_version(1, {1});
  commit(2, 2);
  tick();
  ASSERT_EQ(sent_count(), 1U);
  EXPECT_THAT(transport_.sent.front().second.url, HasSubstr("/2"));
}

TEST_F(EndpointVersions, SettlesWhatWasInFlightBefore) {
  commit(1);
  tick();
  store_for_version(1, {2});
  tick({answer(0, 200)});
  settle();
  EXPECT_TRUE(engine_.awaits_endpoints());
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(EndpointVersions, AwaitsNoEndpointThatIsDeleted) {
  store_for_version(1, {1});
  EXPECT_TRUE(engine_.awaits_endpoints());
  engine_.remove_endpoint({1});
  EXPECT_FALSE(engine_.awaits_endpoints());
  tick();
  EXPECT_EQ(sent_count(), 0U);
}

TEST_F(EndpointVersions, ProbesAnOpenCircuitWithNothingForALaterVersionEither) {
  const OpenCircuit open{now(), now() + std::chrono::hours{1}, Circuit::kDelayInitial};
  engine_.restore_circuit({1}, Circuit::kFailuresMax, open, now(), mono_now());
  reader_.versions[1] = 5;
  store(1);
  engine_.request_probe({1}, {1});
  tick();
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_TRUE(engine_.awaits_endpoints());
  put_version(1, 5, "http://receiver/after");
  tick();
  ASSERT_EQ(sent_count(), 1U);
  EXPECT_THAT(transport_.sent.front().second.url, HasSubstr("after"));
}

// Lines that others append to.

class AppendsOfOthers : public EngineTest {
 protected:
  AppendsOfOthers() {
    Endpoint endpoint = make_endpoint(1);
    endpoint.config.ordering = Ordering::kKey;
    shared_.put_endpoint(std::make_shared<const Endpoint>(std::move(endpoint)));
  }
  EngineOptions shared_options() const {
    EngineOptions shared = options();
    shared.others_append = true;
    return shared;
  }
  DueDelivery store_in_line(std::int64_t id, WallTime due_at = kStart) {
    store(id, 1, due_at);
    DueDelivery& due = reader_.rows[id];
    due.delivery.lane_key = "line";
    auto event = std::make_shared<Event>(*due.event);
    event->data = std::to_string(id);
    due.event = std::move(event);
    return due;
  }
  /// By this process.
  void commit_fresh(std::int64_t id) {
    shared_.enqueue(store_in_line(id), now());
    turn();
  }
  /// By another one, which says so.
  void commit_elsewhere(std::int64_t id) {
    store_in_line(id);
    shared_.notify_appended({id}, {1}, "line");
    turn();
  }
  void turn(std::vector<Completion> completions = {}) {
    ASSERT_TRUE(shared_.tick(now(), mono_now(), std::move(completions)));
  }
  /// The answer to the last request, and its settlement.
  void answer_last(int status) {
    turn({answer(sent_count() - 1, status)});
    const Settlement& settlement = sink_.settlements.back();
    std::optional<WallTime> due_at;
    if (const auto* retry = std::get_if<RetryAt>(&settlement.next)) {
      due_at = retry->due_at;
      reader_.rows.at(settlement.delivery.value).delivery.due_at = due_at;
    } else {
      reader_.rows.erase(settlement.delivery.value);
    }
    shared_.settled(settlement.delivery, settlement.endpoint, true, due_at);
    turn();
  }
  [[nodiscard]] std::vector<std::int64_t> sent() const {
    std::vector<std::int64_t> ids;
    for (const auto& [transfer, request] : transport_.sent) {
      const auto at = request.body.find("\"data\":");
      ids.push_back(std::stoll(request.body.substr(at + 7)));
    }
    return ids;
  }

  Engine shared_{
      shared_options(), IdCodec{1}, {reader_, transport_, template_runner_, sink_}, Prng{1}};
};

TEST_F(AppendsOfOthers, SendsTheOldestOfALineAlthoughItIsToldOfALaterOneFirst) {
  store_in_line(1);
  commit_fresh(2);
  EXPECT_THAT(sent(), ElementsAre(1));
  answer_last(200);
  EXPECT_THAT(sent(), ElementsAre(1, 2));
}

TEST_F(AppendsOfOthers, GoesOnWithALineThatAnotherProcessAppendsTo) {
  commit_elsewhere(1);
  EXPECT_THAT(sent(), ElementsAre(1));
  commit_elsewhere(2);
  commit_fresh(3);
  EXPECT_THAT(sent(), ElementsAre(1)) << "one at a time";
  answer_last(200);
  answer_last(200);
  EXPECT_THAT(sent(), ElementsAre(1, 2, 3));
}

TEST_F(AppendsOfOthers, SendsNothingThatItIsToldOfTwiceTwice) {
  commit_elsewhere(1);
  shared_.notify_appended({1}, {1}, "line");
  turn();
  answer_last(200);
  shared_.notify_appended({1}, {1}, "line");
  turn();
  EXPECT_THAT(sent(), ElementsAre(1));
  EXPECT_EQ(shared_.lanes_count(), 0U);
}

TEST_F(AppendsOfOthers, FindsAnOlderOneThatIsToldOfWhileALaterOneIsInFlight) {
  commit_fresh(2);
  commit_elsewhere(1);
  EXPECT_THAT(sent(), ElementsAre(2));
  answer_last(200);
  EXPECT_THAT(sent(), ElementsAre(2, 1));
}

TEST_F(AppendsOfOthers, LetsNothingPassALineWhoseHeadWaitsForItsRetry) {
  commit_fresh(1);
  answer_last(500);
  commit_elsewhere(2);
  commit_fresh(3);
  EXPECT_THAT(sent(), ElementsAre(1));
  passed_ += Millis{1000};
  turn();
  answer_last(200);
  EXPECT_THAT(sent(), ElementsAre(1, 1, 2));
}

TEST_F(AppendsOfOthers, TakesNothingUpForAnEndpointThatItDoesNotKnow) {
  shared_.notify_appended({1}, {99}, "line");
  turn();
  EXPECT_EQ(shared_.lanes_count(), 0U);
  EXPECT_EQ(reader_.ordered_reads_count, 0);
}

TEST_F(AppendsOfOthers, SendsWhatWaitsInNoLineAtOnce) {
  shared_.enqueue(store(1), now());
  turn();
  EXPECT_EQ(sent_count(), 1U);
  EXPECT_EQ(reader_.reads_count, 0) << "it is not looked up first";
}

// Unordered deliveries that other nodes append.

class FreeAppendsOfOthers : public AppendsOfOthers {
 protected:
  /// Another process has said so, and it was read.
  void hand_over_read(std::int64_t id) {
    shared_.enqueue(PendingDelivery{reader_.rows.at(id), reader_.version_of({1})}, now());
    turn();
  }
};

TEST_F(FreeAppendsOfOthers, SendsWhatWasReadWithoutReadingAPage) {
  store(1);
  hand_over_read(1);
  EXPECT_EQ(sent_count(), 1U);
  EXPECT_EQ(reader_.reads_count, 0);
}

TEST_F(FreeAppendsOfOthers, SendsOnceWhatItIsToldOfTwice) {
  shared_.set_writable(false);
  store(1);
  hand_over_read(1);
  hand_over_read(1);
  shared_.set_writable(true);
  turn();
  hand_over_read(1);
  EXPECT_EQ(sent_count(), 1U);
  answer_last(200);
  EXPECT_EQ(sent_count(), 1U);
  EXPECT_EQ(shared_.lanes_count(), 0U);
}

TEST_F(FreeAppendsOfOthers, SendsOnceWhatAPageHasBroughtBefore) {
  store(1);
  shared_.resync_endpoint({1});
  turn();
  hand_over_read(1);
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(FreeAppendsOfOthers, AwaitsTheVersionThatItWasAppendedFor) {
  reader_.versions[1] = 3;
  store(1);
  hand_over_read(1);
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_TRUE(shared_.awaits_endpoints());
  Endpoint endpoint = make_endpoint(1);
  endpoint.version = 3;
  shared_.put_endpoint(std::make_shared<const Endpoint>(std::move(endpoint)));
  turn();
  EXPECT_EQ(sent_count(), 1U);
}

TEST_F(FreeAppendsOfOthers, IsWokenForWhatFallsDueLater) {
  store(1, 1, now() + Millis{700});
  hand_over_read(1);
  EXPECT_EQ(sent_count(), 0U);
  EXPECT_EQ(shared_.idle_for(now(), mono_now()), Millis{700});
  passed_ += Millis{700};
  turn();
  EXPECT_EQ(sent_count(), 1U);
}

}  // namespace
}  // namespace postrider::testing
