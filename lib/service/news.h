// News is the part of commits that the engine needs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/write_context.h"

namespace postrider {

/// An ordered delivery that another node has appended.
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
  /// Deliveries that another node has appended: unordered ones, then ordered ones.
  std::vector<std::pair<DeliveryId, EndpointId>> appended_free;
  std::vector<AppendedToLine> appended;
  Adoption adopted;
  Partitions abandoned;
  bool all_again = false;  ///< notifications may have been lost: do a full resync
};

/// Moves the parts for the engine out of `effects`, and copies the parts that it needs of the
/// attempts.
[[nodiscard]] News news_of(Effects& effects);

/// Appends a later commit to `waiting`. If more than `fresh_max` deliveries of one kind (fresh,
/// unordered or ordered ones of other nodes) would wait, their lanes resync from the store instead.
void append(News& waiting, News later, std::size_t fresh_max);

}  // namespace postrider
