// A database that several nodes share: a SQLite file with what PostgreSQL's store has beside rows.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "store/lease.h"
#include "store/store.h"

#include "tests/sim/canary.h"
#include "tests/sim/sim_clock.h"

namespace postrider::sim {

/// Nodes, partitions, and versions of endpoints. The simulator runs one transaction after the
/// other, so one store serves all nodes; what sets nodes apart is here and in SharedSession.
class SharedDatabase {
 public:
  /// `clock` is the database's, and outlives it.
  SharedDatabase(const std::string& path, const SimClock& clock, Millis lease);

  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] Millis lease() const { return lease_; }
  /// Called when a node is removed: its lease has ended, or it leaves.
  std::function<void(std::uint64_t node)> on_removed;

  // As statements of store/postgres/nodes.sql have it.

  void join(std::uint64_t node);
  [[nodiscard]] bool has(std::uint64_t node) const { return nodes_.contains(node); }
  [[nodiscard]] Result<Share> renew(std::uint64_t node, Membership membership);
  void give_back(std::uint64_t node, const Partitions& partitions);
  void remove(std::uint64_t node);
  /// 0: nobody.
  [[nodiscard]] std::uint64_t owner_of(EndpointId endpoint) const {
    return owners_.at(partition_of(endpoint));
  }
  [[nodiscard]] std::uint64_t leader() const { return owners_.at(kLeadingPartition); }

  // Versions of endpoints.

  void raise_versions(const std::set<std::int64_t>& endpoints);
  [[nodiscard]] std::int64_t version() const { return version_; }
  [[nodiscard]] std::int64_t version_of(EndpointId endpoint) const;
  /// Returns the changes with a version after `known`.
  [[nodiscard]] Result<RemoteChanges> changes_after(std::int64_t known);

 private:
  struct NodeRow {
    MonoTime lease_until;
    bool leaving = false;
  };

  void remove_ended(std::uint64_t but);
  void claim(std::uint64_t node, std::size_t share);
  [[nodiscard]] Partitions owned_by(std::uint64_t node) const;

  const SimClock& clock_;
  const Millis lease_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreReader> reader_;
  std::map<std::uint64_t, NodeRow> nodes_;
  std::array<std::uint64_t, kPartitionsCount> owners_{};
  std::map<std::int64_t, std::int64_t> versions_;  // by endpoint
  std::int64_t version_ = 0;
};

/// The effects of a node's transactions other than rows. Owned by the node.
class SharedSession {
 public:
  SharedSession(SharedDatabase& database, std::uint64_t node, const Clock& clock)
      : database_(database), node_(node), boot_(clock.boot()), known_(database.version()) {}

  /// kUnavailable once the node was removed: the fence.
  [[nodiscard]] Status begin(Canary canary);
  [[nodiscard]] Result<RemoteChanges> pull_remote_changes(Canary canary);
  void changed(EndpointId endpoint) { changed_.insert(endpoint.value); }
  /// Whether others have to refresh.
  [[nodiscard]] bool committed();
  void rolled_back() { changed_.clear(); }
  [[nodiscard]] std::int64_t version_of(EndpointId endpoint) const {
    return database_.version_of(endpoint);
  }

 private:
  SharedDatabase& database_;
  const std::uint64_t node_;
  const std::int64_t boot_;
  std::int64_t known_;
  std::set<std::int64_t> changed_;
};

/// A node's lease in it.
class SimLease final : public Lease {
 public:
  /// What the simulator does to it; outlives it.
  struct Control {
    bool fails = false;
    Millis error{0};  ///< by which the node misjudges the database's clock
  };
  SimLease(SharedDatabase& database, std::uint64_t node, const Control& control)
      : database_(database), node_(node), control_(control) {}

  [[nodiscard]] Millis duration() const override { return database_.lease(); }
  [[nodiscard]] Result<Share> renew(Membership membership) override;
  [[nodiscard]] Status give_back(const Partitions& partitions) override;
  void leave() override { database_.remove(node_); }

 private:
  SharedDatabase& database_;
  const std::uint64_t node_;
  const Control& control_;
};

}  // namespace postrider::sim
