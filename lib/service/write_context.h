// What a change may touch, and what it leaves for others to do once it is committed.
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

/// An attempt that is on disk.
struct RecordedAttempt {
  Settlement settlement;
  Settled settled;
};

/// A delivery that somebody changed in the store.
struct ChangedDelivery {
  DeliveryId delivery;
  EndpointId endpoint;
  std::optional<std::string> lane_key;

  bool operator==(const ChangedDelivery&) const = default;
};
[[nodiscard]] inline ChangedDelivery changed_delivery(const Delivery& delivery) {
  return {delivery.id, delivery.endpoint, delivery.lane_key};
}

/// An endpoint that the node begins to send for.
struct AdoptedEndpoint {
  std::shared_ptr<const Endpoint> endpoint;
  Health health;
};

struct Adoption {
  Partitions partitions;
  std::vector<AdoptedEndpoint> endpoints;  ///< all that are in them
};

/// A row of the SQL outbox that is no valid event.
struct RefusedOutboxRow {
  std::int64_t row = 0;
  std::string reason;
};

/// What a group of changes means for the rest of the process. Passed on after the commit, dropped
/// when there is none.
struct Effects {
  std::vector<std::shared_ptr<const Endpoint>>
      endpoints;  ///< new or changed; shared with routing and lanes
  std::vector<EndpointId> endpoints_removed;
  std::vector<DueDelivery> fresh;
  std::vector<EndpointId> resync_endpoints;  ///< deliveries became pending that no lane was told of
  std::vector<ChangedDelivery> deliveries_changed;
  /// Asked for by people: sent first, even while the endpoint's circuit is open.
  std::vector<std::pair<DeliveryId, EndpointId>> probes;
  std::vector<std::pair<EndpointId, bool>> circuits;  ///< opened (true) or closed, in order
  /// Disabled by what their receivers answered, not by a person.
  std::vector<std::pair<EndpointId, DisabledReason>> disabled_endpoints;
  std::vector<RefusedOutboxRow> refused_outbox_rows;
  std::vector<RecordedAttempt> attempts;
  /// Attempts of deliveries that ended before anybody was told of them.
  std::vector<RecordedAttempt> rejected;
  std::vector<StatRow> stats;  ///< events accepted
  std::int64_t events_accepted = 0;
  std::int64_t deliveries_cancelled = 0;
  /// By sweeps, for each reason; settlements have their own.
  std::array<std::int64_t, kDeadReasonCount> deliveries_dead{};
  std::array<std::int64_t, kDisabledReasonCount> endpoints_disabled{};  ///< for each reason
  Adoption adopted;
  Partitions abandoned;  ///< the node sends for them no more
  /// What the node sends for when the group is over, by what is committed; GroupCommit sets it for
  /// every group, one that was not committed among them.
  Partitions owned;
  bool keys_changed = false;
  bool event_types_changed = false;
  bool tasks_changed = false;
};

/// Handed to a command while its transaction is open. Owned by the writer's thread.
struct WriteContext {
  Store& store;
  /// Sees the changes of earlier commands of the same group. A command changes it last, when
  /// nothing of it can fail any more; a failed commit reloads it.
  Routing& routing;
  HealthBook& health;  ///< likewise
  /// Of the database, what this node sends for: it settles for no other endpoints. Likewise.
  Partitions& owned;
  Effects& effects;
  WallTime now;

  /// For a part of the group, whose effects are kept apart until it is through.
  [[nodiscard]] WriteContext with(Effects& own) const {
    return {store, routing, health, owned, own, now};
  }
  /// Whether this node does what is done once for all.
  [[nodiscard]] bool leads() const { return owned.test(kLeadingPartition); }
};

/// A change of the store. Runs on the writer's thread inside a savepoint: a failure undoes it
/// alone.
using Change = std::function<Status(WriteContext&)>;

}  // namespace postrider
