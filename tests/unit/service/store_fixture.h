// A service's writing side without its thread: group commit over a real database.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "service/emit.h"
#include "service/endpoint_changes.h"
#include "service/group_commit.h"
#include "service/ownership.h"
#include "store/sqlite/sqlite_store.h"

#include "tests/support/temp_dir.h"

namespace postrider::testing {

inline constexpr WallTime kStart = from_unix_ms(1'767'225'600'000);

[[nodiscard]] inline Endpoint make_endpoint(std::string tenant = "default") {
  Endpoint endpoint;
  endpoint.tenant = std::move(tenant);
  endpoint.config.url = "https://receiver.example/";
  endpoint.secrets = {{"whsec_" + std::string(32, 'A'), kStart, std::nullopt}};
  return endpoint;
}

[[nodiscard]] inline EventDraft make_draft(std::string type = "order.created") {
  EventDraft draft;
  draft.type = std::move(type);
  draft.data = R"({"n":1.50})";
  return draft;
}

/// Commits an event for one endpoint, whatever that one's filters say.
[[nodiscard]] inline Result<Appended> emit_to(
    WriteContext& context, EventDraft draft, const Target& target
) {
  Endpoint wanting = *context.routing.find(target.endpoint);
  wanting.tenant = draft.tenant;
  wanting.config.event_types.clear();
  wanting.config.channels.clear();
  wanting.config.filter.clear();
  wanting.config.ordering = target.ordering;
  Routing routing;
  routing.put(std::make_shared<const Endpoint>(std::move(wanting)));
  WriteContext only{
      context.store, routing, context.health, context.owned, context.effects, context.now};
  std::vector<EventDraft> events{std::move(draft)};
  Filtering filtering;
  auto appended = accept(only, events, filtering);
  if (!appended) return tl::unexpected(std::move(appended).error());
  return std::move(appended->front());
}

class StoreFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = std::move(*sqlite::SqliteStore::open(path_));
    sqlite::SqliteReaders readers{path_};
    reader_ = std::move(*readers.open());
    writer_reader_ = std::move(*readers.open());
    open(*store_);
  }

  /// Starts again over `store`, as after a restart.
  void open(Store& store) {
    group_ = std::make_unique<GroupCommit>(store);
    ASSERT_TRUE(group_->load(*writer_reader_));
    ASSERT_TRUE(run_group({[](WriteContext& context) {
                  return adopt(context, Partitions{}.set(), MonoTime{});
                }}).front());
  }

  /// One group with this change alone.
  template <class T>
  Result<T> run(std::function<Result<T>(WriteContext&)> change) {
    std::optional<T> value;
    const auto statuses = run_group({[&](WriteContext& context) -> Status {
      auto result = change(context);
      if (!result) return tl::unexpected(std::move(result).error());
      value = std::move(*result);
      return {};
    }});
    if (!statuses.front()) return tl::unexpected(statuses.front().error());
    return std::move(*value);
  }
  std::vector<Status> run_group(const std::vector<Change>& changes) {
    effects_ = {};
    auto result = group_->run(settlements_, changes, now_, effects_);
    status_ = result.status;
    return std::move(result.changes);
  }
  void settle(const Settlement& settlement) {
    settlements_.push_back(settlement);
    static_cast<void>(run_group({}));  // the outcome is in status_
  }

  EndpointId add(const Endpoint& endpoint = make_endpoint()) {
    return run<Endpoint>([&](WriteContext& context) { return add_endpoint(context, endpoint); }
    )->id;
  }
  Endpoint set_state(
      EndpointId id, EndpointState state, std::optional<DisabledReason> reason = std::nullopt
  ) {
    return *run<Endpoint>([&](WriteContext& context) {
      return set_endpoint_state(context, *context.routing.find(id), state, reason);
    });
  }

  [[nodiscard]] static Settlement settlement_of(
      const DueDelivery& due, Verdict verdict, NextState next
  ) {
    Settlement settlement;
    settlement.delivery = due.delivery.id;
    settlement.endpoint = due.delivery.endpoint;
    settlement.round = due.delivery.round;
    settlement.attempt.started_at = kStart;
    settlement.attempt.outcome = Outcome::kHttpError;
    settlement.verdict = verdict;
    settlement.next = next;
    settlement.event = due.event;
    return settlement;
  }
  [[nodiscard]] Delivery stored(DeliveryId id) { return reader_->delivery(id)->delivery; }

  const TempDir directory_;
  const std::string path_ = directory_.file("postrider.db");
  std::unique_ptr<sqlite::SqliteStore> store_;
  std::unique_ptr<StoreReader> reader_;
  std::unique_ptr<StoreReader> writer_reader_;
  std::unique_ptr<GroupCommit> group_;
  std::vector<Settlement> settlements_;
  Effects effects_;
  Status status_;
  WallTime now_ = kStart;
};

}  // namespace postrider::testing
