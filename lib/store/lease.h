// A node's part in the work of those that share a database.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/error.h"
#include "domain/partition.h"

namespace postrider {

/// What a node has to do.
struct Share {
  Partitions owned;
  /// What it shall have: as many partitions as any other node, but for one.
  std::size_t fair = 0;
  /// The database's clock while it answered.
  WallTime database_time;
};

enum class Membership : std::uint8_t {
  kWorking,
  kLeaving,  ///< it shall have nothing any more; the others share all of it
};

/// A node's membership, for as long as it renews it. While it lasts, the partitions that it has
/// claimed are its own; it loses all of them at once. Owned by one thread.
class Lease {
 public:
  Lease() = default;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  virtual ~Lease() = default;

  /// How long the membership lasts from the last renewal on.
  [[nodiscard]] virtual Millis duration() const = 0;
  /// Renews it, removes nodes that have not renewed theirs (unless this one had not either: then
  /// with the next renewal), and claims of the partitions that nobody has until it has its fair
  /// share. kNotFound: another node has removed this one, which writes no more.
  [[nodiscard]] virtual Result<Share> renew(Membership membership) = 0;
  /// Lets others have those. Nothing that concerns their endpoints is written by this node after.
  [[nodiscard]] virtual Status give_back(const Partitions& partitions) = 0;
  /// Gives everything back and ends the membership.
  virtual void leave() = 0;
};

}  // namespace postrider
