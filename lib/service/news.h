// What the engine has to know of commits.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/write_context.h"

namespace postrider {

/// A delivery that waits in a line.
struct AppendedToLine {
  DeliveryId delivery;
  EndpointId endpoint;
  std::string lane_key;

  bool operator==(const AppendedToLine&) const = default;
};

struct News {
  struct SettledDelivery {
    DeliveryId delivery;
    EndpointId endpoint;
    bool applied = false;
    std::optional<WallTime> due_at;
  };

  std::vector<std::shared_ptr<const Endpoint>> endpoints;  ///< shared with routing and lanes
  std::vector<DueDelivery> fresh;
  std::vector<EndpointId> resync_endpoints;
  std::vector<ChangedDelivery> deliveries_changed;
  std::vector<std::pair<DeliveryId, EndpointId>> probes;
  std::vector<SettledDelivery> settled;
  std::vector<EndpointId> endpoints_removed;
  /// Committed by another process: without a line, and in one.
  std::vector<std::pair<DeliveryId, EndpointId>> appended_free;
  std::vector<AppendedToLine> appended;
  Adoption adopted;
  Partitions abandoned;
  bool all_again = false;  ///< news may have been missed
};

/// What a commit means for the engine; takes it out of `effects` but for its attempts.
[[nodiscard]] News news_of(Effects& effects);

/// Adds the news of a later commit to what waits. When more than `fresh_max` deliveries of a kind
/// (fresh, appended elsewhere to no line, to one) would wait, their lanes are told to read the
/// store instead.
void append(News& waiting, News later, std::size_t fresh_max);

}  // namespace postrider
