// Which of the nodes that share a database serves it.
#pragma once

#include "base/clock.h"
#include "base/error.h"

namespace postrider {

/// A node's place in line. The node serves while it is the first; it lets its place go by not
/// renewing it. Owned by one thread.
class Lease {
 public:
  Lease() = default;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  virtual ~Lease() = default;

  /// How long a place is kept from the last renewal on.
  [[nodiscard]] virtual Millis duration() const = 0;
  /// Keeps the place for that long, and removes nodes that have not renewed theirs. Whether it is
  /// this node's turn. kNotFound: another node has removed this one, which writes no more.
  [[nodiscard]] virtual Result<bool> renew() = 0;
  /// Leaves the line, so that the next node does not have to wait.
  virtual void leave() = 0;
};

}  // namespace postrider
