// Many changes, one transaction, one fsync.
#pragma once

#include <algorithm>
#include <vector>

#include "service/write_context.h"

namespace postrider {

/// What became of a group.
struct GroupResult {
  /// The error that kept settlements, or the whole group, from being written.
  Status status;
  /// One per change, in the order given. All are errors when the group was not committed.
  std::vector<Status> changes;
  /// The store did not even begin a transaction: it is for all others as well.
  bool refused = false;

  /// The first error that `fits`, of `status` before those of the changes; null when there is none.
  template <class Fits>
  [[nodiscard]] const Error* find_error(const Fits& fits) const {
    const auto is_one = [&fits](const Status& one) { return !one && fits(one.error()); };
    if (is_one(status)) return &status.error();
    const auto found = std::find_if(changes.begin(), changes.end(), is_one);
    return found == changes.end() ? nullptr : &found->error();
  }
};

/// Runs groups of changes against the store. Free of threads: the writer drives it, and so does the
/// simulator. Owned by the writer's thread.
class GroupCommit {
 public:
  /// `store` outlives it.
  explicit GroupCommit(Store& store) : store_(store) {}

  /// Reads all endpoints; called before the first group.
  [[nodiscard]] Status load(StoreReader& reader);

  /// Settles and runs the changes in one transaction. Settlements that are written are taken out of
  /// `settlements`; they stay there when they could not be, for the next group. `effects` is empty
  /// but for `owned` unless something was committed. A commit that fails may have been done all the
  /// same when the store could not say: the effects of the next one make everybody look again.
  [[nodiscard]] GroupResult run(
      std::vector<Settlement>& settlements,
      const std::vector<Change>& changes,
      WallTime now,
      Effects& effects
  );

  /// Writes and commits a row of its own, to see whether the store can be written.
  [[nodiscard]] Status probe(WallTime now);

  [[nodiscard]] const Routing& routing() const { return routing_; }
  /// What the node sends for, by what was committed.
  [[nodiscard]] const Partitions& owned() const { return owned_; }

 private:
  /// `settled`: what the store made of them, in their order; empty unless it took them.
  [[nodiscard]] Status settle(
      WriteContext& context,
      const std::vector<Settlement>& settlements,
      std::vector<Settled>& settled
  );
  [[nodiscard]] Status judge_endpoints(
      WriteContext& context, const std::vector<Settlement>& settlements
  );
  /// Whether the attempt changes what is known of its endpoint.
  [[nodiscard]] bool note_health(WriteContext& context, const Settlement& settlement);
  [[nodiscard]] Status run_one(WriteContext& context, const Change& change);
  [[nodiscard]] Status reload();
  [[nodiscard]] GroupResult run_transaction(
      std::vector<Settlement>& settlements,
      const std::vector<Change>& changes,
      WallTime now,
      Effects& effects
  );
  /// Begins a transaction; routing is what was committed before.
  [[nodiscard]] Status begin(Effects& effects);
  /// Takes over what other nodes have changed.
  [[nodiscard]] Status refresh(Effects& effects);
  /// What is committed has to be read anew, and told as a whole: nobody was told of a part of it.
  /// `removed`: endpoints that may be gone with that part.
  void miss(const std::vector<EndpointId>& removed);
  /// Adds what others have to know of what was missed.
  void catch_up(Effects& effects);

  Store& store_;
  StoreReader* reader_ = nullptr;  // set by load; outlives this
  Routing routing_;
  HealthBook health_;
  Partitions owned_;
  bool stale_ = false;   // routing and health are not what is committed
  bool untold_ = false;  // of what may have been committed, as by a commit that seemed to fail
  std::vector<EndpointId> removed_;  // by that, if it was
};

}  // namespace postrider
