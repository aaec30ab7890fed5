// Groups of a node beside others: what these have changed comes first.
#include <gmock/gmock.h>

#include "service/filtering.h"

#include "tests/unit/service/other_node.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kUnknownScheme = "of-tomorrow";

class NodesGroup : public OtherNodeFixture {
 protected:
  /// Accepts an event in a group of its own; whom it goes to.
  Result<std::vector<EndpointId>> accepted() {
    return run<std::vector<EndpointId>>(
        [](WriteContext& context) -> Result<std::vector<EndpointId>> {
          std::vector<EventDraft> drafts{make_draft()};
          Filtering filtering;
          const auto appended = accept(context, drafts, filtering);
          if (!appended) return tl::unexpected(appended.error());
          std::vector<EndpointId> endpoints;
          for (const auto& delivery : appended->front().deliveries)
            endpoints.push_back(delivery.endpoint);
          return endpoints;
        }
    );
  }
  Health health_of(EndpointId id) {
    return must(run<Health>([&](WriteContext& context) -> Result<Health> {
      const auto known = context.health.find(id.value);
      return known == context.health.end() ? Health{} : known->second;
    }));
  }
  std::vector<EndpointId> told() const {
    std::vector<EndpointId> ids;
    for (const auto& endpoint : effects_.endpoints) ids.push_back(endpoint->id);
    return ids;
  }
  [[nodiscard]] GroupResult run_once(const std::vector<Change>& changes) {
    effects_ = {};
    return group_->run(settlements_, changes, now_, effects_);
  }
  static Status nothing(WriteContext& /*context*/) { return {}; }
};

// Changes of others.

TEST_F(NodesGroup, RoutesByWhatAnotherNodeHasJustChanged) {
  const auto id = added_elsewhere();
  EXPECT_THAT(must(accepted()), ElementsAre(id));
  Endpoint changed = endpoint(id);
  changed.config.event_types = {"invoice.*"};
  changed_elsewhere(changed);
  EXPECT_THAT(must(accepted()), IsEmpty());
}

TEST_F(NodesGroup, RoutesNothingToWhatAnotherNodeHasRemoved) {
  const auto id = add();
  removed_elsewhere(id);
  EXPECT_THAT(must(accepted()), IsEmpty());
  EXPECT_THAT(effects_.endpoints_removed, ElementsAre(id));
}

TEST_F(NodesGroup, TellsWhatOthersHaveChangedOfEndpointsAlone) {
  const auto removed = add();
  const auto added = added_elsewhere();
  removed_elsewhere(removed);
  run_group({});
  EXPECT_THAT(told(), ElementsAre(added));
  EXPECT_THAT(effects_.endpoints_removed, ElementsAre(removed));
  EXPECT_FALSE(effects_.keys_changed || effects_.event_types_changed);
  run_group({});
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(effects_.endpoints_removed, IsEmpty());
}

TEST_F(NodesGroup, TellsThatOthersHaveChangedKeysOrEventTypes) {
  shared_->changes.settings = true;
  run_group({});
  EXPECT_TRUE(effects_.keys_changed && effects_.event_types_changed);
  EXPECT_THAT(told(), IsEmpty());
  run_group({});
  EXPECT_FALSE(effects_.keys_changed || effects_.event_types_changed);
}

TEST_F(NodesGroup, ForgetsTheFailuresOfAnEndpointThatAnotherNodeHasBegunAnew) {
  const auto id = add();
  fail_once(id);
  Endpoint changed = endpoint(id);
  changed.config.description = "the same receiver";
  changed_elsewhere(changed);
  EXPECT_EQ(health_of(id).failed_attempts_count, 1);
  changed.config.url = "https://another.example/";
  ++changed.health_round;
  changed_elsewhere(changed);
  EXPECT_EQ(health_of(id), Health{});
}

TEST_F(NodesGroup, ForgetsTheFailuresOfAnEndpointThatAnotherNodeHasRemoved) {
  const auto id = add();
  fail_once(id);
  removed_elsewhere(id);
  EXPECT_EQ(health_of(id), Health{});
}

// The state is reloaded after a failed commit before the change is notified.
TEST_F(NodesGroup, TellsOfARemovalElsewhereThatItHasReadAlready) {
  const auto id = add();
  plan_.commit_fails = 1;
  run_group({nothing});
  plan_.commit_fails = 0;
  removed_elsewhere(id);
  run_group({});
  EXPECT_THAT(effects_.endpoints_removed, ElementsAre(id));
}

TEST_F(NodesGroup, TellsOfAChangeElsewhereWhenTheCommitThatReadItFails) {
  const auto removed = add();
  const auto changed = add();
  tell(changed);
  removed_elsewhere(removed);
  shared_->changes.settings = true;
  plan_.commit_fails = 1;
  run_group({nothing});
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(effects_.endpoints_removed, IsEmpty());
  plan_.commit_fails = 0;
  run_group({});
  EXPECT_THAT(told(), ElementsAre(changed));
  EXPECT_THAT(effects_.endpoints_removed, ElementsAre(removed));
  EXPECT_TRUE(effects_.keys_changed && effects_.event_types_changed);
}

// Changes that cannot be taken over.

TEST_F(NodesGroup, RefusesAGroupThatCannotBeRefreshedAndLosesNothing) {
  const auto id = add();
  settlements_ = {settlement_of(emit_one(id), Verdict::kDelivered, Delivered{})};
  const auto other = added_elsewhere();
  shared_->refresh_error = Error{Errc::kUnavailable, 0, "no answer"};
  bool ran = false;
  const Change change = [&](WriteContext&) -> Status {
    ran = true;
    return {};
  };
  const auto refused = run_once({change});
  EXPECT_TRUE(refused.refused);
  EXPECT_EQ(refused.status.error().code, Errc::kUnavailable);
  EXPECT_EQ(refused.changes.front().error().code, Errc::kUnavailable);
  EXPECT_FALSE(ran);
  EXPECT_FALSE(shared_->in_transaction());
  EXPECT_THAT(settlements_, SizeIs(1));
  const auto done = run_once({change});
  EXPECT_TRUE(done.status && done.changes.front());
  EXPECT_TRUE(ran);
  EXPECT_THAT(settlements_, IsEmpty());
  EXPECT_THAT(told(), ElementsAre(other));
}

TEST_F(NodesGroup, TakesNothingOverBesideAnEndpointThatItCannotSignFor) {
  const auto known = added_elsewhere();
  Endpoint unknown = make_endpoint();
  unknown.config.signature.scheme = kUnknownScheme;
  added_elsewhere(unknown);
  const auto refused = run_once({nothing});
  EXPECT_TRUE(refused.refused);
  EXPECT_EQ(refused.status.error().code, Errc::kCorrupt);
  EXPECT_THAT(refused.status.error().context, HasSubstr(kUnknownScheme));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_FALSE(group_->routing().find(known));
}

TEST_F(NodesGroup, WritesNothingForAsLongAsThereIsAnEndpointThatItCannotSignFor) {
  const auto known = added_elsewhere();
  const auto gone = add();
  removed_elsewhere(gone);
  Endpoint unknown = make_endpoint();
  unknown.config.signature.scheme = kUnknownScheme;
  const auto later = added_elsewhere(unknown);
  shared_->changes.settings = true;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(run_once({nothing}).refused);
  removed_elsewhere(later);
  EXPECT_TRUE(run_once({nothing}).status);
  EXPECT_THAT(told(), ElementsAre(known)) << "what was refused with it";
  EXPECT_THAT(effects_.endpoints_removed, ::testing::IsSupersetOf({gone, later}));
  EXPECT_TRUE(effects_.keys_changed && effects_.event_types_changed);
}

// What the node sends for.

TEST_F(NodesGroup, OwnsWhatItHasCommittedOnly) {
  open_without_partitions();
  const Partitions some = Partitions{0b1010};
  const Change adopt_some = [&](WriteContext& context) { return adopt(context, some, {}); };
  plan_.commit_fails = 1;
  run_group({adopt_some});
  EXPECT_TRUE(group_->owned().none());
  EXPECT_TRUE(effects_.owned.none());
  EXPECT_TRUE(effects_.adopted.partitions.none());
  plan_.commit_fails = 0;
  run_group({adopt_some});
  EXPECT_EQ(group_->owned(), some);
  EXPECT_EQ(effects_.owned, some);
  EXPECT_EQ(effects_.adopted.partitions, some) << "tried again, all of it is told";
}

TEST_F(NodesGroup, KeepsWhatItAbandonedInACommitThatFailed) {
  const Change abandon_all = [](WriteContext& context) -> Status {
    abandon(context, Partitions{}.set());
    return {};
  };
  plan_.commit_fails = 1;
  run_group({abandon_all});
  EXPECT_TRUE(group_->owned().all());
  EXPECT_TRUE(effects_.owned.all());
  EXPECT_TRUE(effects_.abandoned.none());
  plan_.commit_fails = 0;
  run_group({abandon_all});
  EXPECT_TRUE(effects_.abandoned.all());
  EXPECT_TRUE(effects_.owned.none());
}

TEST_F(NodesGroup, SaysWhatItOwnsAlsoWhenItIsRefused) {
  plan_.begin_fails = 1;
  EXPECT_TRUE(run_once({nothing}).refused);
  EXPECT_TRUE(effects_.owned.all());
}

}  // namespace
}  // namespace postrider::testing
