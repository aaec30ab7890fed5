// What a node's writer has to be asked for, so that the node sends for what is its own.
#pragma once

#include "service/write_context.h"

namespace postrider {

/// Compares what the lease says with what is committed. A change that is asked for may fail, and is
/// asked for again when the lease says so again. Owned by whoever guards it.
class Holdings {
 public:
  /// Changes for the writer, in this order; see service/ownership.h.
  struct Asked {
    Partitions adopt;
    Partitions abandon;
  };

  /// Those are the node's own, and it shall send for them.
  [[nodiscard]] Asked keep(const Partitions& partitions);
  /// Those are too, and it shall abandon them. What it has not adopted yet it adopts before: it is
  /// the engine that says that nothing is in flight for them.
  [[nodiscard]] Asked give_up(const Partitions& partitions) const;
  void committed(const Effects& effects);

  /// The partitions whose deliveries the node sends.
  [[nodiscard]] const Partitions& owned() const { return owned_; }

 private:
  Partitions owned_;
  Partitions abandoned_;  // since they were kept last
};

}  // namespace postrider
