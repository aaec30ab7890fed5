#include "store/retention_scan.h"

#include <utility>

namespace postrider {
namespace {

/// A call reads up to about this many rows per row that it may remove, because it also reads events
/// that have to stay, with their deliveries.
constexpr std::size_t kLooksPerRow = 4;

}  // namespace

void RetentionScan::look_at(const RetentionCandidate& event) {
  const bool goes = event.created_at < before_ && !event.has_pending;
  if (goes && beside_last_) {
    runs_.back().last = event.id;
  } else if (goes) {
    runs_.push_back({event.id, event.id});
  }
  beside_last_ = goes;
  if (goes) rows_count_ += 1 + event.deliveries_count + event.attempts_count;
  looked_until_ = event.id;
  looks_ += 1 + event.deliveries_count;
  enough_ = std::cmp_greater_equal(looks_, rows_max_ * kLooksPerRow) ||
            std::cmp_greater_equal(rows_count_, rows_max_);
}

}  // namespace postrider
