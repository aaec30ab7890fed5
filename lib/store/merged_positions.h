// Merges the lists of several endpoints into one order, as if one index contained them all.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "store/cursors.h"

namespace postrider {

/// The most endpoints of a tenant whose lists are merged; each costs a look-up per page. If the
/// tenant has more, its lists examine the deliveries of all tenants.
inline constexpr std::size_t kMergedEndpointsMax = 500;

/// Merges lists that are each ordered from the newest. Reads each list in parts, and only as far as
/// its positions are taken. Owned by one thread.
class MergedPositions {
 public:
  /// Returns the positions of one endpoint's list before `before`, newest first, at most
  /// `rows_max`.
  using Fetch = std::function<Result<std::vector<ListPosition>>(
      EndpointId endpoint, const ListPosition& before, std::size_t rows_max
  )>;

  MergedPositions(
      const std::vector<EndpointId>& endpoints, const ListPosition& before, Fetch fetch
  );

  /// Returns the next positions, newest first. Fewer than `rows_max` are the last.
  [[nodiscard]] Result<std::vector<ListPosition>> take(std::size_t rows_max);

 private:
  struct Source {
    EndpointId endpoint;
    ListPosition last;               ///< the position before which the next part begins
    std::vector<ListPosition> part;  ///< positions that were read but not taken, oldest first
    std::size_t part_max = 0;        ///< `rows_max` of the last fetch
    bool has_ended = false;
  };

  /// Fetches the next part if `source.part` is empty and the source has not ended.
  [[nodiscard]] Status fill(Source& source);
  [[nodiscard]] static bool is_older(const Source* a, const Source* b);

  Fetch fetch_;
  std::vector<Source> sources_;
  std::vector<Source*> heap_;  ///< sources with a part; the one with the newest position is first
  bool is_filled_ = false;
};

}  // namespace postrider
