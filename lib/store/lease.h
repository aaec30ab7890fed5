// The lease of a node: its membership and its partitions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/error.h"
#include "domain/partition.h"

namespace postrider {

/// The partitions that a node owns and should own.
struct Share {
  Partitions owned;
  /// How many partitions the node should own: an equal share, rounded up; 0 while it is leaving.
  std::size_t fair = 0;
  /// The database's clock at the renewal.
  WallTime database_time;
};

enum class Membership : std::uint8_t {
  kWorking,
  kLeaving,  ///< it should own nothing any more; the other nodes share all partitions
};

/// A node's membership, which lasts as long as the node renews it. Meanwhile the partitions that
/// the node has claimed belong to it alone; when the membership ends, it loses all of them at once.
/// Owned by one thread.
class Lease {
 public:
  Lease() = default;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  virtual ~Lease() = default;

  /// Returns how long the membership lasts after a renewal.
  [[nodiscard]] virtual Millis duration() const = 0;
  /// Renews the membership, removes nodes whose lease has expired, and claims unowned partitions up
  /// to this node's fair share. If this node's lease had expired too, it removes no nodes before
  /// the next renewal. kNotFound: another node has removed this one, which can no longer write.
  [[nodiscard]] virtual Result<Share> renew(Membership membership) = 0;
  /// Releases partitions, so that other nodes can claim them. Afterwards this node must write
  /// nothing for their endpoints.
  [[nodiscard]] virtual Status give_back(const Partitions& partitions) = 0;
  /// Releases all partitions and ends the membership.
  virtual void leave() = 0;
};

}  // namespace postrider
