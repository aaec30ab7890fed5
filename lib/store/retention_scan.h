// Selects the events that a call of retention removes.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "domain/id.h"

namespace postrider {

/// An event as retention sees it.
struct RetentionCandidate {
  EventId id;
  WallTime created_at;
  std::int64_t deliveries_count = 0;
  std::int64_t attempts_count = 0;
  bool has_pending = false;
};

template <class Row>
[[nodiscard]] RetentionCandidate read_retention_candidate(const Row& row) {
  return {
      .id = {row.i64(0)},
      .created_at = row.time(1),
      .deliveries_count = row.i64(2),
      .attempts_count = row.i64(3),
      .has_pending = row.boolean(4)};
}

/// Adjacent events that are removed together.
struct EventRange {
  EventId first;
  EventId last;
};

/// Examines events in the order of their ids, until it has found or examined as many rows as one
/// call may.
class RetentionScan {
 public:
  /// Starts after the event `after`. Selects events that were created before `before`, up to about
  /// `rows_max` rows of all tables.
  RetentionScan(EventId after, WallTime before, std::size_t rows_max)
      : before_(before), rows_max_(rows_max), looked_until_(after) {}

  /// False once the call has found or examined enough.
  [[nodiscard]] bool wants_more() const { return !enough_; }
  void look_at(const RetentionCandidate& event);

  [[nodiscard]] const std::vector<EventRange>& runs() const { return runs_; }
  [[nodiscard]] EventId looked_until() const { return looked_until_; }

 private:
  const WallTime before_;
  const std::size_t rows_max_;
  std::vector<EventRange> runs_;
  EventId looked_until_;
  std::int64_t looks_ = 0;
  std::int64_t rows_count_ = 0;
  bool beside_last_ = false;
  bool enough_ = false;
};

}  // namespace postrider
