// GroupCommit runs many changes in one transaction, with one fsync.
#pragma once

#include <algorithm>
#include <vector>

#include "service/write_context.h"

namespace postrider {

/// The result of a group.
struct GroupResult {
  /// The error because of which settlements, or the whole group, were not written.
  Status status;
  /// One result per change, in their order. All are errors if the group was not committed.
  std::vector<Status> changes;
  /// The store did not begin a transaction, so commands of later groups would fail, too.
  bool refused = false;

  /// Returns the first error that `fits`: `status`, then the changes in their order. Returns null
  /// if there is none.
  template <class Fits>
  [[nodiscard]] const Error* find_error(const Fits& fits) const {
    const auto is_one = [&fits](const Status& one) { return !one && fits(one.error()); };
    if (is_one(status)) return &status.error();
    const auto found = std::find_if(changes.begin(), changes.end(), is_one);
    return found == changes.end() ? nullptr : &found->error();
  }
};

/// Runs groups of changes against the store. Has no thread: the writer or the simulator drives it.
/// Owned by the writer's thread.
class GroupCommit {
 public:
  /// `store` outlives it.
  explicit GroupCommit(Store& store) : store_(store) {}

  /// Reads all endpoints. Called before the first group.
  [[nodiscard]] Status load(StoreReader& reader);

  /// Writes the settlements and runs the changes in one transaction. Removes written settlements
  /// from `settlements`; the others stay there for the next group. `effects` is empty except for
  /// `owned` unless the group was committed. A failed commit may have taken effect if the store
  /// could not report its outcome: then the effects of the next commit contain a full resync.
  [[nodiscard]] GroupResult run(
      std::vector<Settlement>& settlements,
      const std::vector<Change>& changes,
      WallTime now,
      Effects& effects
  );

  /// Commits a row of its own, to test whether the store can be written.
  [[nodiscard]] Status probe(WallTime now);

  [[nodiscard]] const Routing& routing() const { return routing_; }
  /// The partitions that this node sends for, as committed.
  [[nodiscard]] const Partitions& owned() const { return owned_; }

 private:
  /// Writes the settlements. On success `settled` has one result for each of them, in their order;
  /// otherwise it stays empty.
  [[nodiscard]] Status settle(
      WriteContext& context,
      const std::vector<Settlement>& settlements,
      std::vector<Settled>& settled
  );
  [[nodiscard]] Status update_health(
      WriteContext& context, const std::vector<Settlement>& settlements
  );
  /// Updates the endpoint's health. Returns whether the health has to be stored.
  [[nodiscard]] bool note_health(WriteContext& context, const Settlement& settlement);
  [[nodiscard]] Status run_one(WriteContext& context, const Change& change);
  [[nodiscard]] Status reload();
  [[nodiscard]] GroupResult run_transaction(
      std::vector<Settlement>& settlements,
      const std::vector<Change>& changes,
      WallTime now,
      Effects& effects
  );
  /// Begins a transaction and brings routing up to date with all earlier commits.
  [[nodiscard]] Status begin(Effects& effects);
  /// Pulls the changes of other nodes.
  [[nodiscard]] Status refresh(Effects& effects);
  /// Schedules a reload of routing and health, and a full resync with the next commit: changes were
  /// or may have been committed without their effects being passed on. `removed`: endpoints that
  /// these changes may have removed.
  void miss(const std::vector<EndpointId>& removed);
  /// Adds the full resync that miss() has scheduled to `effects`. If the store cannot be read, the
  /// next commit tries again.
  void catch_up(Effects& effects);

  Store& store_;
  StoreReader* reader_ = nullptr;  // set by load; outlives this
  Routing routing_;
  HealthBook health_;
  Partitions owned_;
  bool stale_ = false;               // routing_ and health_ may differ from what is committed
  bool untold_ = false;              // a full resync is due; see miss()
  std::vector<EndpointId> removed_;  // endpoints that missed changes may have removed
};

}  // namespace postrider
