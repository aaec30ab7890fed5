// A command works on a WriteContext. Other threads get the Effects of its commit.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/partition.h"
#include "service/health.h"
#include "service/routing.h"
#include "store/store.h"

namespace postrider {

/// An attempt that was committed.
struct RecordedAttempt {
  Settlement settlement;
  Settled settled;
};

/// A delivery that was changed in the store other than by a settlement.
struct ChangedDelivery {
  DeliveryId delivery;
  EndpointId endpoint;
  std::optional<std::string> lane_key;

  bool operator==(const ChangedDelivery&) const = default;
};
[[nodiscard]] inline ChangedDelivery changed_delivery(const Delivery& delivery) {
  return {delivery.id, delivery.endpoint, delivery.lane_key};
}

/// An endpoint that this node begins to send for.
struct AdoptedEndpoint {
  std::shared_ptr<const Endpoint> endpoint;
  Health health;
};

struct Adoption {
  Partitions partitions;
  std::vector<AdoptedEndpoint> endpoints;  ///< all endpoints of `partitions`
};

/// A row of the SQL outbox that is not a valid event.
struct RefusedOutboxRow {
  std::int64_t row = 0;
  std::string reason;
};

/// The consequences of a group of commands for the rest of the process. The writer passes them on
/// after the commit, and drops them if the commit fails.
struct Effects {
  std::vector<std::shared_ptr<const Endpoint>>
      endpoints;  ///< new or changed; shared with routing and lanes
  std::vector<EndpointId> endpoints_removed;
  std::vector<DueDelivery> fresh;
  std::vector<EndpointId> resync_endpoints;  ///< their lanes miss pending deliveries
  std::vector<ChangedDelivery> deliveries_changed;
  /// Deliveries that a person asked for. They are sent first, even while the endpoint's circuit is
  /// open.
  std::vector<std::pair<DeliveryId, EndpointId>> probes;
  std::vector<std::pair<EndpointId, bool>> circuits;  ///< opened (true) or closed, in order
  /// Endpoints that were disabled because of their responses, not by a person.
  std::vector<std::pair<EndpointId, DisabledReason>> disabled_endpoints;
  std::vector<RefusedOutboxRow> refused_outbox_rows;
  std::vector<RecordedAttempt> attempts;
  /// Attempts of deliveries whose filter failed. They are dead from the start, so the engine never
  /// gets them.
  std::vector<RecordedAttempt> rejected;
  std::vector<StatRow> stats;  ///< counts accepted events
  std::int64_t events_accepted = 0;
  std::int64_t deliveries_cancelled = 0;
  /// Deliveries that sweeps ended, by reason. Settlements are counted from `attempts`.
  std::array<std::int64_t, kDeadReasonCount> deliveries_dead{};
  std::array<std::int64_t, kDisabledReasonCount> endpoints_disabled{};  ///< by reason
  Adoption adopted;
  Partitions abandoned;  ///< partitions that this node stops sending for
  /// The partitions that this node sends for, as committed. GroupCommit sets it after every group,
  /// also after a group that was not committed.
  Partitions owned;
  bool keys_changed = false;
  bool event_types_changed = false;
  bool tasks_changed = false;
};

/// Passed to a command while its transaction is open. Owned by the writer's thread.
struct WriteContext {
  Store& store;
  /// Contains the changes of earlier commands of the group. A command changes it as its last step,
  /// when nothing of it can fail any more; a failed commit reloads it.
  Routing& routing;
  HealthBook& health;  ///< follows the rules of `routing`
  /// The partitions that this node sends for and settles for. A failed commit restores it.
  Partitions& owned;
  Effects& effects;
  WallTime now;

  /// Returns a context for a part of the group. Its effects stay in `own` until that part has
  /// succeeded.
  [[nodiscard]] WriteContext with(Effects& own) const {
    return {store, routing, health, owned, own, now};
  }
  /// Returns whether this node is the leader, which runs the jobs that are done once for all nodes.
  [[nodiscard]] bool leads() const { return owned.test(kLeadingPartition); }
};

/// A unit of work on the store. It runs on the writer's thread inside a savepoint, so a failure
/// undoes only this change.
using Change = std::function<Status(WriteContext&)>;

}  // namespace postrider
