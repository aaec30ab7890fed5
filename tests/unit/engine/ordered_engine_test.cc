// The engine with lines of ordered deliveries.
#include <gtest/gtest.h>

#include "tests/unit/engine/fakes.h"

namespace postrider::testing {
namespace {

constexpr WallTime kStart = from_unix_ms(1'767'225'600'000);
constexpr MonoTime kMonoStart{std::chrono::seconds{1000}};

class OrderedEngineTest : public ::testing::Test {
 protected:
  OrderedEngineTest() { put_endpoint(Ordering::kKey); }

  static EngineOptions options() {
    EngineOptions options;
    options.in_flight_max = 16;
    options.retry_default.delays = {Millis{1000}, Millis{2000}};
    options.retry_default.jitter = 0;
    return options;
  }

  void put_endpoint(Ordering ordering, EndpointState state = EndpointState::kActive) {
    auto endpoint = std::make_shared<Endpoint>();
    endpoint->id = {1};
    endpoint->config.url = "http://receiver/1";
    endpoint->config.max_in_flight = 8;
    endpoint->config.ordering = ordering;
    endpoint->state = state;
    endpoint->secrets = {{"whsec_" + std::string(32, 'A'), kStart, std::nullopt}};
    engine_.put_endpoint(std::move(endpoint));
  }

  using Key = std::optional<std::string>;
  DueDelivery store(std::int64_t id, Key key, WallTime due_at = kStart) {
    auto event = std::make_shared<Event>();
    event->id = {id + 1000};
    event->type = "ping";
    event->data = std::to_string(id);
    DueDelivery due;
    due.delivery.id = {id};
    due.delivery.endpoint = {1};
    due.delivery.due_at = due_at;
    due.delivery.lane_key = std::move(key);
    due.event = std::move(event);
    reader_.rows[id] = due;
    return due;
  }
  void commit(std::int64_t id, Key key, WallTime due_at = kStart) {
    engine_.enqueue(store(id, std::move(key), due_at), kStart + passed_);
  }
  void tick() { ASSERT_TRUE(engine_.tick(kStart + passed_, kMonoStart + passed_, {})); }
  /// The answer to the last request of this delivery, and its settlement.
  void answer(std::int64_t id, int status, bool committed = true) {
    Completion completion;
    completion.id = transfer_of(id);
    completion.response.status = status;
    ASSERT_TRUE(engine_.tick(kStart + passed_, kMonoStart + passed_, {completion}));
    if (committed) settle(id);
  }
  void settle(std::int64_t id) {
    const auto is_it = [&](const Settlement& one) { return one.delivery == DeliveryId{id}; };
    const auto found = std::find_if(sink_.settlements.rbegin(), sink_.settlements.rend(), is_it);
    ASSERT_NE(found, sink_.settlements.rend());
    std::optional<WallTime> due_at;
    if (const auto* retry = std::get_if<RetryAt>(&found->next)) {
      due_at = retry->due_at;
      reader_.rows.at(id).delivery.due_at = due_at;
    } else {
      reader_.rows.erase(id);
    }
    engine_.settled({id}, {1}, true, due_at);
    tick();
  }
  [[nodiscard]] TransferId transfer_of(std::int64_t id) const {
    const auto data = "\"data\":" + std::to_string(id) + "}";
    for (auto sent = transport_.sent.rbegin(); sent != transport_.sent.rend(); ++sent) {
      if (sent->second.body.find(data) != std::string::npos) return sent->first;
    }
    return 0;
  }
  /// The deliveries sent, in order.
  [[nodiscard]] std::vector<std::int64_t> sent() const {
    std::vector<std::int64_t> ids;
    for (const auto& [transfer, request] : transport_.sent) {
      const auto at = request.body.find("\"data\":");
      ids.push_back(std::stoll(request.body.substr(at + 7)));
    }
    return ids;
  }
  using Ids = std::vector<std::int64_t>;

  FakeReader reader_;
  FakeTransport transport_;
  FakeTemplateRunner template_runner_;
  FakeSink sink_;
  Engine engine_{options(), IdCodec{1}, {reader_, transport_, template_runner_, sink_}, Prng{1}};
  Millis passed_{0};
};

TEST_F(OrderedEngineTest, SendsOneOfALineAtATimeAndLinesSideBySide) {
  for (int id = 1; id <= 6; ++id) commit(id, id % 2 == 0 ? "even" : "odd");
  commit(7, std::nullopt);
  tick();
  EXPECT_EQ(sent(), (Ids{1, 2, 7}));
  EXPECT_EQ(reader_.ordered_reads_count, 0) << "fresh heads need no read";
  answer(2, 200);
  EXPECT_EQ(sent(), (Ids{1, 2, 7, 4}));
  answer(1, 200);
  EXPECT_EQ(sent(), (Ids{1, 2, 7, 4, 3}));
}

TEST_F(OrderedEngineTest, SendsTheNextOnlyWhenTheEndIsCommitted) {
  commit(1, "k");
  commit(2, "k");
  tick();
  answer(1, 200, false);
  tick();
  EXPECT_EQ(sent(), Ids{1});
  engine_.resync_endpoint({1});  // the row is still pending on disk
  tick();
  EXPECT_EQ(sent(), Ids{1});
  settle(1);
  EXPECT_EQ(sent(), (Ids{1, 2}));
}

TEST_F(OrderedEngineTest, KeepsFollowersWaitingThroughRetriesUntilTheHeadIsDead) {
  for (int id = 1; id <= 2; ++id) commit(id, "k");
  tick();
  answer(1, 500);
  passed_ = Millis{999};
  tick();
  EXPECT_EQ(sent(), Ids{1});
  passed_ = Millis{1000};
  reader_.rows.at(1).delivery.schedule_attempts_count = 2;
  tick();
  EXPECT_EQ(sent(), (Ids{1, 1}));
  answer(1, 500);
  EXPECT_EQ(sent(), (Ids{1, 1, 2}));
}

TEST_F(OrderedEngineTest, KeepsFollowersWaitingForAHeadThatIsDueLater) {
  commit(1, "k", kStart + Millis{500});
  commit(2, "k");
  tick();
  EXPECT_EQ(sent(), Ids{});
  EXPECT_EQ(engine_.idle_for(kStart, kMonoStart), Millis{500});
  passed_ = Millis{500};
  tick();
  EXPECT_EQ(sent(), Ids{1});
}

TEST_F(OrderedEngineTest, SendsAReplayedHeadBeforeWhatIsReadyOfItsLine) {
  commit(1, "k");
  commit(2, "k");
  commit(3, "k");
  tick();
  const DueDelivery first = reader_.rows.at(1);
  answer(1, 410, false);  // nothing more is sent until it is settled
  engine_.set_writable(false);
  settle(1);
  put_endpoint(Ordering::kKey);
  tick();
  reader_.rows[1] = first;  // replayed
  engine_.delivery_changed({1}, {1}, "k");
  engine_.set_writable(true);
  tick();
  EXPECT_EQ(sent(), (Ids{1, 1}));
}

TEST_F(OrderedEngineTest, LetsTheFollowerUnderWayFinishBeforeAReplayedHead) {
  commit(1, "k");
  commit(2, "k");
  commit(3, "k");
  tick();
  const DueDelivery first = reader_.rows.at(1);
  answer(1, 200);
  ASSERT_EQ(sent(), (Ids{1, 2}));
  reader_.rows[1] = first;
  engine_.delivery_changed({1}, {1}, "k");
  tick();
  EXPECT_EQ(sent(), (Ids{1, 2}));
  answer(2, 200);
  EXPECT_EQ(sent(), (Ids{1, 2, 1}));
  answer(1, 200);
  EXPECT_EQ(sent(), (Ids{1, 2, 1, 3}));
}

TEST_F(OrderedEngineTest, SendsTheNextWhenSomebodyCancelsTheHead) {
  commit(1, "k", kStart + Millis{5000});
  commit(2, "k");
  tick();
  reader_.rows.erase(1);
  engine_.delivery_changed({1}, {1}, "k");
  tick();
  EXPECT_EQ(sent(), Ids{2});
}

TEST_F(OrderedEngineTest, FindsAllLinesAfterARestart) {
  for (int id = 1; id <= 300; ++id) store(id, "k" + std::to_string(id % 100));
  engine_.resync_endpoint({1});
  for (int id = 1; id <= 300; ++id) {
    tick();
    ASSERT_GE(sent().size(), static_cast<std::size_t>(id));
    answer(sent().at(static_cast<std::size_t>(id) - 1), 200);
  }
  std::map<std::int64_t, std::int64_t> last;
  for (const auto id : sent()) {
    EXPECT_LT(last[id % 100], id);
    last[id % 100] = id;
  }
  EXPECT_TRUE(reader_.rows.empty());
  tick();
  EXPECT_EQ(engine_.lanes_count(), 0U);
  EXPECT_EQ(engine_.ordering_bytes(), 0U);
}

TEST_F(OrderedEngineTest, SendsOneAtATimeToAStrictEndpointWithWhatWasMadeBefore) {
  commit(1, "");
  commit(2, "");
  commit(3, std::nullopt);
  put_endpoint(Ordering::kStrict);
  tick();
  EXPECT_EQ(sent().size(), 1U);
  answer(sent().back(), 200);
  EXPECT_EQ(sent().size(), 2U);
}

TEST_F(OrderedEngineTest, KeepsLinesInOrderOverAPause) {
  put_endpoint(Ordering::kKey, EndpointState::kPaused);
  for (int id = 1; id <= 4; ++id) commit(id, "k");
  tick();
  EXPECT_EQ(sent(), Ids{});
  put_endpoint(Ordering::kKey);
  tick();
  EXPECT_EQ(sent(), Ids{1});
  answer(1, 200);
  EXPECT_EQ(sent(), (Ids{1, 2}));
}

TEST_F(OrderedEngineTest, SendsWhatAPauseCollectedInOrderOfAge) {
  put_endpoint(Ordering::kNone, EndpointState::kPaused);
  commit(1, std::nullopt, kStart + Millis{30});
  commit(2, std::nullopt, kStart + Millis{10});
  commit(3, std::nullopt, kStart + Millis{20});
  commit(4, std::nullopt, kStart + Millis{10});
  passed_ = Millis{100};
  put_endpoint(Ordering::kNone);
  for (int i = 0; i < 4; ++i) tick();
  EXPECT_EQ(sent(), (Ids{2, 4, 3, 1}));
}

TEST_F(OrderedEngineTest, SharesAPageBetweenLinesAndTheRest) {
  for (int id = 1; id <= 200; ++id) store(id, std::nullopt);
  for (int id = 201; id <= 400; ++id) store(id, "k" + std::to_string(id));
  engine_.resync_endpoint({1});
  tick();
  for (std::size_t i = 0; i < 120; ++i) answer(sent().at(i), 200);
  const auto ids = sent();
  const auto ordered = std::count_if(ids.begin(), ids.end(), [](auto id) { return id > 200; });
  EXPECT_GT(ordered, 40);
  EXPECT_LT(ordered, 90);
}

// Simulator, seed 44: a lane full of what is ready was looked at all the time.
TEST_F(OrderedEngineTest, RestsWhileALaneIsFullAndMoreFallsDue) {
  for (int id = 1; id <= 60; ++id) commit(id, std::nullopt);
  commit(61, std::nullopt, kStart + Millis{5});
  tick();
  passed_ = Millis{10};
  tick();
  tick();
  const auto idle = engine_.idle_for(kStart + passed_, kMonoStart + passed_);
  EXPECT_TRUE(!idle || *idle > Millis{0});
}

}  // namespace
}  // namespace postrider::testing
