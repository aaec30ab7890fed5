// A group's store whose database another node changes, too.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "service/emit.h"

#include "tests/sim/faulty_store.h"
#include "tests/support/must.h"
#include "tests/unit/service/store_fixture.h"

namespace postrider::testing {

/// A SQLite store that reports another node's changes as PostgreSQL's store does: each one once.
class SharedStore final : public sim::FaultyStore {
 public:
  SharedStore(std::unique_ptr<Store> inner, sim::StoreControl& control)
      : FaultyStore(std::move(inner), control) {}

  RemoteChanges changes;
  std::optional<Error> refresh_error;  ///< of the next refresh()

  [[nodiscard]] Result<RemoteChanges> pull_remote_changes() override {
    if (auto error = std::exchange(refresh_error, {})) return tl::unexpected(std::move(*error));
    return std::exchange(changes, {});
  }
};

/// A node's groups, and what another node commits between them.
class OtherNodeFixture : public StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    control_.plan = &plan_;
    shared_ = std::make_unique<SharedStore>(std::move(store_), control_);
    open(*shared_);
  }

  /// Restarts as a node that has no partitions yet.
  void open_without_partitions() {
    group_ = std::make_unique<GroupCommit>(*shared_);
    must(group_->load(*writer_reader_));
  }

  template <class Work>
  void elsewhere(const Work& work) {
    must(shared_->begin());
    must(work());
    must(shared_->commit());
  }
  EndpointId added_elsewhere(Endpoint endpoint = make_endpoint()) {
    EndpointId id;
    elsewhere([&] {
      return shared_->add_endpoint(endpoint, now_).map([&](EndpointId added) { id = added; });
    });
    tell(id);
    return id;
  }
  void changed_elsewhere(const Endpoint& endpoint) {
    elsewhere([&] { return shared_->put_endpoint(endpoint); });
    tell(endpoint.id);
  }
  void removed_elsewhere(EndpointId id) {
    elsewhere([&] { return shared_->delete_endpoint(id, now_); });
    shared_->changes.endpoints_removed.push_back(id);
  }
  void tell(EndpointId id) { shared_->changes.endpoints.push_back(endpoint(id)); }
  [[nodiscard]] Endpoint endpoint(EndpointId id) { return must(reader_->endpoint(id)); }

  DueDelivery emit_one(EndpointId id) {
    must(run<Appended>([&](WriteContext& context) { return emit_to(context, make_draft(), {id}); })
    );
    return effects_.fresh.front();
  }
  void fail_once(EndpointId id) {
    settle(settlement_of(emit_one(id), Verdict::kRetry, RetryAt{now_}));
  }

  sim::Plan plan_;
  sim::StoreControl control_;
  std::unique_ptr<SharedStore> shared_;
};

}  // namespace postrider::testing
