// Holdings computes which partitions a node's writer has to adopt and abandon.
#pragma once

#include "service/write_context.h"

namespace postrider {

/// Compares what the lease says with what is committed. A change may fail; it is then requested
/// again with the next renewal. Not thread-safe: its owner guards it.
class Holdings {
 public:
  /// The partitions that the writer has to adopt and then abandon; see service/ownership.h.
  struct Asked {
    Partitions adopt;
    Partitions abandon;
  };

  /// Returns what to adopt so that the node sends for `partitions`, which it owns.
  [[nodiscard]] Asked keep(const Partitions& partitions);
  /// Returns what to abandon so that the node stops sending for `partitions`, which it owns. A
  /// partition that the node has not adopted yet is adopted first, because only the engine can
  /// report that nothing is in flight for it.
  [[nodiscard]] Asked give_up(const Partitions& partitions) const;
  void committed(const Effects& effects);

  /// The partitions whose deliveries the node sends.
  [[nodiscard]] const Partitions& owned() const { return owned_; }

 private:
  Partitions owned_;
  Partitions abandoned_;  // since the last keep() of them
};

}  // namespace postrider
