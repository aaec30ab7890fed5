// How nodes share changes through the database: versions, and ids that follow what was seen.
#include <algorithm>

#include <gmock/gmock.h>

#include "tests/unit/store_postgres/two_nodes.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PgRefresh : public TwoNodes {
 protected:
  PgRefresh() {
    pull_remote_changes(*one_);
    pull_remote_changes(*two_);
  }

  static RemoteChanges pull_remote_changes(Store& store) {
    return committed(store, [&] { return must(store.pull_remote_changes()); });
  }
  [[nodiscard]] Endpoint read(EndpointId id) { return must(reader_->endpoint(id)); }
  /// Another description, in a transaction that knows what others have changed.
  void change(Store& store, EndpointId id, const std::string& description = "changed") {
    must(store.begin());
    must(store.pull_remote_changes());
    put(store, id, description);
    must(store.commit());
  }
  void put(Store& store, EndpointId id, const std::string& description) {
    Endpoint endpoint = read(id);
    endpoint.config.description = description;
    must(store.put_endpoint(endpoint));
  }
  static std::vector<EndpointId> ids_of(const RemoteChanges& changes) {
    std::vector<EndpointId> ids;
    for (const auto& endpoint : changes.endpoints) ids.push_back(endpoint.id);
    return ids;
  }
  static bool is_empty(const RemoteChanges& changes) {
    return changes.endpoints.empty() && changes.endpoints_removed.empty() && !changes.settings;
  }
  static std::vector<EndpointSecret> two_secrets() {
    return {
        {"whsec_" + std::string(32, 'B'), kLater, std::nullopt},
        {"whsec_" + std::string(32, 'A'), kNow, kLater}};
  }
  /// An endpoint with a secret that expires.
  EndpointId rotated(Store& store) {
    Endpoint endpoint = read(endpoint_);
    endpoint.secrets = two_secrets();
    return committed(store, [&] {
      must(store.pull_remote_changes());
      return must(store.add_endpoint(endpoint, kNow));
    });
  }
};

// Changes of endpoints.

TEST_F(PgRefresh, TellsOfAChangedEndpointOnceWithItsSecrets) {
  Endpoint changed = read(endpoint_);
  changed.config.url = "http://elsewhere.example/";
  changed.state = EndpointState::kPaused;
  changed.secrets = two_secrets();
  ++changed.health_round;
  committed(*one_, [&] {
    must(one_->put_endpoint(changed));
    return 0;
  });
  const auto told = pull_remote_changes(*two_);
  ASSERT_THAT(told.endpoints, SizeIs(1));
  const Endpoint& endpoint = told.endpoints.front();
  EXPECT_EQ(endpoint.id, endpoint_);
  EXPECT_EQ(endpoint.config, changed.config);
  EXPECT_EQ(endpoint.state, EndpointState::kPaused);
  EXPECT_EQ(endpoint.secrets, changed.secrets);
  EXPECT_EQ(endpoint.health_round, changed.health_round);
  EXPECT_THAT(told.endpoints_removed, IsEmpty());
  EXPECT_FALSE(told.settings);
  EXPECT_TRUE(is_empty(pull_remote_changes(*two_))) << "once";
}

TEST_F(PgRefresh, TellsOfSeveralInTheOrderOfTheirLastChanges) {
  change(*one_, endpoint_, "first");
  change(*one_, other_endpoint_);
  change(*one_, endpoint_, "second");
  const auto told = pull_remote_changes(*two_);
  EXPECT_THAT(ids_of(told), ElementsAre(other_endpoint_, endpoint_)) << "each once";
  EXPECT_EQ(told.endpoints.back().config.description, "second");
}

TEST_F(PgRefresh, TellsOfANewEndpoint) {
  const EndpointId added = rotated(*one_);
  const auto told = pull_remote_changes(*two_);
  EXPECT_THAT(ids_of(told), ElementsAre(added));
  EXPECT_EQ(told.endpoints.front().secrets, two_secrets());
}

TEST_F(PgRefresh, NamesWhatWasRemovedAlsoWhenItWasNeverSeen) {
  const EndpointId added = rotated(*one_);
  for (const EndpointId id : {endpoint_, added}) {
    committed(*one_, [&] {
      must(one_->pull_remote_changes());
      must(one_->delete_endpoint(id, kLater));
      return 0;
    });
  }
  const auto told = pull_remote_changes(*two_);
  EXPECT_THAT(told.endpoints, IsEmpty());
  EXPECT_THAT(told.endpoints_removed, ElementsAre(endpoint_, added));
  EXPECT_TRUE(is_empty(pull_remote_changes(*two_)));
}

TEST_F(PgRefresh, TellsOfAnEndpointThatLostASecretToItsAge) {
  const EndpointId id = rotated(*one_);
  pull_remote_changes(*two_);
  const auto pruned = committed(*one_, [&] { return must(one_->prune_secrets(kNever)); });
  EXPECT_THAT(pruned, ElementsAre(id));
  const auto told = pull_remote_changes(*two_);
  ASSERT_THAT(ids_of(told), ElementsAre(id));
  EXPECT_THAT(told.endpoints.front().secrets, ElementsAre(two_secrets().front()));
  committed(*one_, [&] { return must(one_->prune_secrets(kNever)); });
  EXPECT_TRUE(is_empty(pull_remote_changes(*two_))) << "nothing was left to go";
}

TEST_F(PgRefresh, SaysNothingOfHealth) {
  committed(*one_, [&] {
    must(one_->put_endpoint_health(endpoint_, kNow, 3, std::nullopt));
    return 0;
  });
  EXPECT_TRUE(is_empty(pull_remote_changes(*two_)));
}

TEST_F(PgRefresh, TellsANodeTheVersionsOfItsOwnChanges) {
  change(*one_, endpoint_);
  const auto told = pull_remote_changes(*one_);
  ASSERT_THAT(ids_of(told), ElementsAre(endpoint_));
  EXPECT_EQ(told.endpoints.front().version, read(endpoint_).version);
  EXPECT_TRUE(is_empty(pull_remote_changes(*one_)));
}

TEST_F(PgRefresh, KnowsWhatWasChangedBeforeItWasOpened) {
  change(*one_, endpoint_);
  const auto third = must(postgres::PgStore::open(database_.url(), postgres::PgStore::kNoNode));
  EXPECT_TRUE(is_empty(pull_remote_changes(*third)));
}

// Keys and event types.

TEST_F(PgRefresh, TellsOfEachChangeOfKeysAndEventTypes) {
  KeyId key;
  EventType type;
  type.name = "order.created";
  const std::vector<std::function<Status()>> changes{
      [&] {
        ApiKey added;
        added.sha256 = std::string(32, 'k');
        return one_->add_api_key(added, kNow).map([&](KeyId id) { key = id; });
      },
      [&] { return one_->delete_api_key(key); },
      [&] { return one_->add_event_type(type); },
      [&] { return one_->put_event_type(type); },
      [&] { return one_->delete_event_type(type.name); }};
  for (const auto& change : changes) {
    committed(*one_, [&] {
      must(change());
      return 0;
    });
    const auto told = pull_remote_changes(*two_);
    EXPECT_TRUE(told.settings);
    EXPECT_THAT(told.endpoints, IsEmpty());
    EXPECT_TRUE(is_empty(pull_remote_changes(*two_)));
  }
}

TEST_F(PgRefresh, SaysNothingOfWhatIsEverydayWork) {
  const DeliveryId id = delivery_committed();
  committed(*one_, [&] { return must(settle(*one_, {id})); });
  EXPECT_TRUE(is_empty(pull_remote_changes(*two_)));
}

// Changes that are rolled back.

TEST_F(PgRefresh, TellsNothingThatWasRolledBack) {
  EventType type;
  type.name = "order.created";
  must(one_->begin());
  put(*one_, endpoint_, "undone");
  must(one_->add_event_type(type));
  one_->rollback();
  delivery_committed();
  EXPECT_TRUE(is_empty(pull_remote_changes(*two_)));
}

TEST_F(PgRefresh, TellsNothingThatWasUndoneInACommittedTransaction) {
  ApiKey key;
  key.sha256 = std::string(32, 'k');
  must(one_->begin());
  must(one_->savepoint());
  put(*one_, endpoint_, "kept");
  must(one_->release_savepoint());
  must(one_->savepoint());
  put(*one_, other_endpoint_, "undone");
  must(one_->add_api_key(key, kNow));
  one_->rollback_to_savepoint();
  must(one_->commit());
  const auto told = pull_remote_changes(*two_);
  EXPECT_THAT(ids_of(told), ElementsAre(endpoint_));
  EXPECT_FALSE(told.settings);
}

TEST_F(PgRefresh, TellsNothingBeforeItIsCommitted) {
  must(one_->begin());
  put(*one_, endpoint_, "not yet");
  EXPECT_TRUE(is_empty(pull_remote_changes(*two_)));
  must(one_->commit());
  EXPECT_THAT(ids_of(pull_remote_changes(*two_)), ElementsAre(endpoint_));
}

// Changes that would undo another node's.

TEST_F(PgRefresh, ChangesNoEndpointThatAnotherNodeHasChangedSince) {
  const Endpoint stale = read(endpoint_);
  change(*two_, endpoint_, "the other's");
  must(one_->begin());
  EXPECT_EQ(one_->put_endpoint(stale).error().code, Errc::kBusy);
  EXPECT_EQ(one_->put_endpoint_health(endpoint_, kNow, 1, {}).error().code, Errc::kBusy);
  put(*one_, other_endpoint_, "free to change");
  must(one_->commit());
  EXPECT_EQ(read(endpoint_).config.description, "the other's");
  EXPECT_FALSE(read(endpoint_).failing_since);
  EXPECT_EQ(read(other_endpoint_).config.description, "free to change");
  change(*one_, endpoint_, "mine");
  EXPECT_EQ(read(endpoint_).config.description, "mine") << "now that it has seen it";
}

TEST_F(PgRefresh, ChangesNoEndpointThatAnotherNodeIsJustChanging) {
  const Endpoint stale = read(endpoint_);
  must(two_->begin());
  put(*two_, endpoint_, "the other's");
  must(one_->begin());
  must(one_->pull_remote_changes());
  auto changed = in_thread([&] { return one_->put_endpoint(stale); });
  EXPECT_TRUE(waits(changed));
  must(two_->commit());
  EXPECT_EQ(changed.get().error().code, Errc::kBusy);
  one_->rollback();
  EXPECT_EQ(read(endpoint_).config.description, "the other's");
}

TEST_F(PgRefresh, FindsNoEndpointThatAnotherNodeHasDeleted) {
  const Endpoint stale = read(endpoint_);
  committed(*two_, [&] {
    must(two_->delete_endpoint(endpoint_, kLater));
    return 0;
  });
  must(one_->begin());
  EXPECT_EQ(one_->put_endpoint(stale).error().code, Errc::kNotFound);
  EXPECT_EQ(one_->put_endpoint_health(endpoint_, kNow, 1, {}).error().code, Errc::kNotFound);
  EXPECT_EQ(one_->delete_endpoint(endpoint_, kLater).error().code, Errc::kNotFound);
  one_->rollback();
}

TEST_F(PgRefresh, LetsANodeChangeAnEndpointMoreThanOnceInATransaction) {
  must(one_->begin());
  must(one_->pull_remote_changes());
  put(*one_, endpoint_, "first");
  put(*one_, endpoint_, "second");
  must(one_->put_endpoint_health(endpoint_, kNow, 1, {}));
  must(one_->commit());
  EXPECT_THAT(ids_of(pull_remote_changes(*two_)), ElementsAre(endpoint_));
  EXPECT_EQ(read(endpoint_).config.description, "second");
}

// The order of commits.

class PgVersionOrder : public PgRefresh {
 protected:
  /// A transaction that raises a version waits with its commit until the test releases it.
  void hold_commits_up() {
    EXPECT_EQ(
        client_.exec("CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     "PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$; "
                     "CREATE CONSTRAINT TRIGGER held_up AFTER UPDATE ON version "
                     "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_for_test()"),
        ""
    );
    EXPECT_EQ(client_.exec("SELECT pg_advisory_lock(1)"), "");
  }
  void let_them_go() { EXPECT_EQ(client_.exec("SELECT pg_advisory_unlock(1)"), ""); }
  /// False when `work` is done instead.
  template <class T>
  bool waiting_become(const std::string& count, const std::future<T>& work) {
    while (work.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
      if (client_
              .column("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                      "AND wait_event_type = 'Lock'")
              .front() == count)
        return true;
    }
    return false;
  }
};

TEST_F(PgVersionOrder, WhoeverSeesAVersionSeesAllThatWasCommittedWithLowerOnes) {
  const auto third = must(postgres::PgStore::open(database_.url(), postgres::PgStore::kNoNode));
  hold_commits_up();
  must(one_->begin());
  put(*one_, endpoint_, "first");
  auto first = in_thread([&] { return one_->commit(); });
  EXPECT_TRUE(waiting_become("1", first));
  must(two_->begin());
  put(*two_, other_endpoint_, "second");
  auto second = in_thread([&] { return two_->commit(); });
  EXPECT_TRUE(waiting_become("2", second)) << "it waits for the first one's commit";
  EXPECT_TRUE(is_empty(pull_remote_changes(*third)));
  let_them_go();
  must(first.get());
  must(second.get());
  EXPECT_THAT(ids_of(pull_remote_changes(*third)), ElementsAre(endpoint_, other_endpoint_));
  EXPECT_EQ(read(other_endpoint_).version, read(endpoint_).version + 1);
}

TEST_F(PgVersionOrder, ATransactionThatChangesNoEndpointWaitsForNobody) {
  hold_commits_up();
  must(one_->begin());
  put(*one_, endpoint_, "held up");
  auto held_up = in_thread([&] { return one_->commit(); });
  EXPECT_TRUE(waiting_become("1", held_up));
  must(two_->begin());
  must(two_->pull_remote_changes());
  append(*two_);
  must(two_->commit());
  let_them_go();
  must(held_up.get());
}

// Retention comes between the two steps of a change: the endpoint, then its secrets.
TEST_F(PgVersionOrder, RetentionOfSecretsWaitsInNoCircleWithAChangeOfTheEndpoint) {
  const std::string id = std::to_string(rotated(*one_).value);
  RawPg change{database_.url()};
  EXPECT_EQ(change.exec("BEGIN; UPDATE endpoint SET state = 'paused' WHERE id = " + id), "");
  must(two_->begin());
  auto pruned = in_thread([&]() -> Status {
    if (auto ids = two_->prune_secrets(kNever); !ids) return tl::unexpected<Error>(ids.error());
    return two_->commit();
  });
  EXPECT_TRUE(waits(pruned));
  EXPECT_EQ(change.exec("DELETE FROM endpoint_secret WHERE endpoint_id = " + id + "; COMMIT"), "");
  const Status done = pruned.get();
  EXPECT_TRUE(done) << done.error().context;
}

// Ids.

TEST_F(PgRefresh, DrawsLargerIdsThanAnyThatWasCommittedBeforeIt) {
  const WallTime ahead = kNow + std::chrono::hours{1};
  const auto before = committed(*one_, [&] {
    return must(
        one_->append(std::vector<NewEvent>{{draft(), {{endpoint_}, {other_endpoint_}}}}, ahead)
    );
  });
  const auto newest = before.front().deliveries.back().id;
  must(two_->begin());
  must(two_->pull_remote_changes());
  const Appended after = append(*two_);
  must(two_->commit());
  EXPECT_THAT(after.id.value, Gt(newest.value));
  EXPECT_THAT(after.deliveries.front().id.value, Gt(newest.value));
  EXPECT_EQ(after.created_at, kNow) << "its own clock tells the time";
}

TEST_F(PgRefresh, DrawsIdsThatFollowOneAnotherHoweverTheNodesTakeTurns) {
  DeliveryId last;
  for (int i = 0; i < 6; ++i) {
    Store& store = i % 2 == 0 ? *one_ : *two_;
    const WallTime now = i % 2 == 0 ? kNow + std::chrono::hours{1} : kNow;
    const auto appended = committed(store, [&] {
      must(store.pull_remote_changes());
      return must(store.append(std::vector<NewEvent>{{draft(), {{endpoint_}}}}, now));
    });
    EXPECT_GT(appended.front().deliveries.front().id, last);
    last = appended.front().deliveries.front().id;
  }
}

// Versions that readers return.

TEST_F(PgRefresh, PagesOfDeliveriesCarryTheVersionOfTheirEndpoint) {
  delivery_committed();
  const auto versions = [&](EndpointId id) {
    DueParams due;
    due.endpoint = id;
    due.now = kLater;
    due.rows_max = kRowsMax;
    due.is_held = [](DeliveryId) { return false; };
    OrderedParams ordered;
    ordered.endpoint = id;
    ordered.now = kLater;
    ordered.keys = {"line"};
    ordered.rows_max = kRowsMax;
    return std::pair{
        must(reader_->due(due)).endpoint_version, must(reader_->ordered(ordered)).endpoint_version};
  };
  for (const char* const description : {"first", "second"}) {
    const auto before = versions(endpoint_).first;
    const auto others = versions(other_endpoint_);
    change(*one_, endpoint_, description);
    const std::int64_t version = pull_remote_changes(*two_).endpoints.front().version;
    EXPECT_GT(version, before);
    EXPECT_EQ(versions(endpoint_), std::pair(version, version));
    EXPECT_EQ(versions(other_endpoint_), others);
  }
}

TEST_F(PgRefresh, ListsTheEndpointsThatAreFailingByTheirIds) {
  const EndpointId deleted = rotated(*one_);
  const OpenCircuit circuit{kNow, kLater, Millis{5000}};
  const std::optional<OpenCircuit> closed;
  committed(*one_, [&] {
    must(one_->pull_remote_changes());
    must(one_->put_endpoint_health(other_endpoint_, kLater, 12, circuit));
    must(one_->put_endpoint_health(endpoint_, kNow, 1, closed));
    must(one_->put_endpoint_health(deleted, kNow, 1, closed));
    must(one_->delete_endpoint(deleted, kLater));
    return 0;
  });
  const auto failing = committed(*two_, [&] { return must(two_->failing_endpoints()); });
  ASSERT_THAT(failing, SizeIs(2));
  EXPECT_EQ(failing[0].endpoint, endpoint_);
  EXPECT_EQ(failing[0].failing_since, kNow);
  EXPECT_EQ(failing[0].failed_attempts_count, 1);
  EXPECT_FALSE(failing[0].circuit);
  EXPECT_EQ(failing[1].endpoint, other_endpoint_);
  EXPECT_EQ(failing[1].failed_attempts_count, 12);
  EXPECT_EQ(failing[1].circuit, circuit);
  committed(*one_, [&] {
    must(one_->put_endpoint_health(endpoint_, std::nullopt, 0, closed));
    return 0;
  });
  EXPECT_THAT(committed(*two_, [&] { return must(two_->failing_endpoints()); }), SizeIs(1));
}

}  // namespace
}  // namespace postrider::testing
