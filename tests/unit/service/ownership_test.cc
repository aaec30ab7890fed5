#include "service/ownership.h"

#include <gmock/gmock.h>

#include "tests/unit/service/other_node.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr MonoTime kMono{std::chrono::seconds{1000}};

Partitions partition_with(EndpointId endpoint) { return Partitions{}.set(partition_of(endpoint)); }

class OwnershipTest : public OtherNodeFixture {
 protected:
  void SetUp() override {
    OtherNodeFixture::SetUp();
    for (EndpointId& id : ids_) id = add();
    ASSERT_NE(partition_of(ids_[0]), partition_of(ids_[1]));
    open_without_partitions();
  }
  void adopt(const Partitions& partitions, MonoTime mono_now = kMono) {
    const auto adopted = run_group({[&](WriteContext& context) {
      return postrider::adopt(context, partitions, mono_now);
    }});
    must(adopted.front());
  }
  void abandon(const Partitions& partitions) {
    run_group({[&](WriteContext& context) -> Status {
      postrider::abandon(context, partitions);
      return {};
    }});
  }
  [[nodiscard]] std::vector<EndpointId> adopted() const {
    std::vector<EndpointId> ids;
    for (const auto& one : effects_.adopted.endpoints) ids.push_back(one.endpoint->id);
    return ids;
  }
  void fail_elsewhere(EndpointId id, const Health& health) {
    elsewhere([&] {
      return shared_->put_endpoint_health(
          id, health.failing_since, health.failed_attempts_count, health.circuit
      );
    });
  }
  /// An endpoint with a rate limit and so many deliveries that are due.
  EndpointId limited(int due_count, int max_in_flight = 2) {
    Endpoint endpoint = make_endpoint();
    endpoint.config.rate_limit = RateLimit{100, Millis{60'000}};
    endpoint.config.max_in_flight = max_in_flight;
    const auto id = add(endpoint);
    for (int i = 0; i < due_count; ++i) emit_one(id);
    return id;
  }
  /// A request for it is settled, which was sent at that instant.
  void send(EndpointId id, MonoTime at) {
    auto settlement = settlement_of(emit_one(id), Verdict::kDelivered, Delivered{});
    settlement.sent_at = at;
    settlement.rate_period = Millis{60'000};
    settle(settlement);
  }
  [[nodiscard]] std::vector<std::pair<EndpointId, MonoTime>> sends() {
    return must(reader_->recent_sends());
  }

  std::array<EndpointId, 3> ids_;
};

// Adoption.

TEST_F(OwnershipTest, AdoptsAllEndpointsOfAPartitionInTheOrderOfTheirIds) {
  adopt(partition_with(ids_[1]));
  EXPECT_THAT(adopted(), ElementsAre(ids_[1]));
  EXPECT_EQ(effects_.adopted.partitions, partition_with(ids_[1]));
  EXPECT_EQ(effects_.owned, partition_with(ids_[1]));
  adopt(Partitions{}.set());
  EXPECT_THAT(adopted(), ElementsAre(ids_[0], ids_[2])) << "it has the other one";
  EXPECT_EQ(effects_.adopted.partitions, ~partition_with(ids_[1]));
  EXPECT_TRUE(effects_.owned.all());
}

TEST_F(OwnershipTest, AdoptsNothingThatItHasAlready) {
  const auto id = limited(2);
  adopt(Partitions{}.set());
  EXPECT_THAT(sends(), SizeIs(2));
  adopt(Partitions{}.set(), kMono + Millis{1});
  EXPECT_TRUE(effects_.adopted.partitions.none());
  EXPECT_THAT(adopted(), IsEmpty());
  EXPECT_THAT(sends(), ElementsAre(Pair(id, kMono), Pair(id, kMono))) << "they are counted once";
}

TEST_F(OwnershipTest, AdoptsWhatAnotherNodeHasAddedJustBefore) {
  const auto id = added_elsewhere();
  adopt(partition_with(id));
  EXPECT_THAT(adopted(), ElementsAre(id));
}

TEST_F(OwnershipTest, LeadsWithOnePartitionOnly) {
  const auto leads = [&] {
    return must(run<bool>([](WriteContext& context) -> Result<bool> { return context.leads(); }));
  };
  adopt(~Partitions{}.set(kLeadingPartition));
  EXPECT_FALSE(leads());
  adopt(Partitions{}.set(kLeadingPartition));
  EXPECT_TRUE(leads());
  abandon(Partitions{}.set(kLeadingPartition));
  EXPECT_FALSE(leads());
}

// Health.

TEST_F(OwnershipTest, GoesOnWithTheHealthThatTheNodeBeforeHasStored) {
  Health health{now_ - Millis{5000}, 12};
  health.circuit = OpenCircuit{now_ - Millis{1000}, now_ + Millis{4000}, Millis{5000}};
  fail_elsewhere(ids_[0], health);
  adopt(partition_with(ids_[0]));
  ASSERT_THAT(effects_.adopted.endpoints, SizeIs(1));
  EXPECT_EQ(effects_.adopted.endpoints.front().health, health);
  fail_once(ids_[0]);
  EXPECT_EQ(endpoint(ids_[0]).failed_attempts_count, 13);
  EXPECT_EQ(endpoint(ids_[0]).failing_since, health.failing_since);
}

TEST_F(OwnershipTest, ForgetsFailuresThatHaveEndedWhileAnotherNodeSent) {
  adopt(Partitions{}.set());
  fail_once(ids_[0]);
  fail_once(ids_[1]);
  abandon(partition_with(ids_[0]));
  fail_elsewhere(ids_[0], {});
  fail_elsewhere(ids_[1], {});
  adopt(partition_with(ids_[0]));
  ASSERT_THAT(effects_.adopted.endpoints, SizeIs(1));
  EXPECT_EQ(effects_.adopted.endpoints.front().health, Health{});
  fail_once(ids_[0]);
  EXPECT_EQ(endpoint(ids_[0]).failed_attempts_count, 1);
  fail_once(ids_[1]);
  EXPECT_EQ(endpoint(ids_[1]).failed_attempts_count, 2) << "of what it had, its own book counts";
}

// Rate limits.

TEST_F(OwnershipTest, CountsAsSentWhatMayHaveBeenInFlight) {
  const auto few = limited(1);
  const auto many = limited(3);
  emit_one(ids_[0]);
  adopt(Partitions{}.set());
  EXPECT_THAT(sends(), ElementsAre(Pair(few, kMono), Pair(many, kMono), Pair(many, kMono)));
}

TEST_F(OwnershipTest, CountsWhatAnotherClockHasRecordedAsSentNow) {
  shared_->set_boot(1);
  const auto id = limited(0);
  adopt(Partitions{}.set());
  send(id, kMono + Millis{7});
  shared_->set_boot(2);
  open_without_partitions();
  adopt(Partitions{}.set(), MonoTime{Millis{50}});
  EXPECT_THAT(sends(), ElementsAre(Pair(id, MonoTime{Millis{50}})));
}

TEST_F(OwnershipTest, KeepsTheInstantsThatItsOwnClockHasRecorded) {
  shared_->set_boot(1);
  const auto id = limited(0);
  adopt(Partitions{}.set());
  send(id, kMono + Millis{7});
  open_without_partitions();
  adopt(Partitions{}.set(), kMono + Millis{50});
  EXPECT_THAT(sends(), ElementsAre(Pair(id, kMono + Millis{7})));
}

// Abandoning.

TEST_F(OwnershipTest, AbandonsOnlyWhatItHas) {
  adopt(partition_with(ids_[0]));
  abandon(Partitions{}.set());
  EXPECT_EQ(effects_.abandoned, partition_with(ids_[0]));
  EXPECT_TRUE(effects_.owned.none());
  abandon(Partitions{}.set());
  EXPECT_TRUE(effects_.abandoned.none()) << "each once";
}

TEST_F(OwnershipTest, RoutesToEndpointsThatItHasAbandoned) {
  adopt(Partitions{}.set());
  abandon(Partitions{}.set());
  const auto due = emit_one(ids_[0]);
  EXPECT_EQ(stored(due.delivery.id).state, DeliveryState::kPending);
}

}  // namespace
}  // namespace postrider::testing
