// What the engine has to know of a commit, and how it is told.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/engine.h"
#include "service/write_context.h"

namespace postrider {

struct News {
  struct SettledDelivery {
    DeliveryId delivery;
    EndpointId endpoint;
    bool applied = false;
    std::optional<WallTime> due_at;
  };

  std::vector<std::shared_ptr<const Endpoint>> endpoints;  ///< shared with routing and lanes
  std::vector<DueDelivery> fresh;
  std::vector<EndpointId> read_again;
  std::vector<ChangedDelivery> deliveries_changed;
  std::vector<std::pair<DeliveryId, EndpointId>> probes;
  std::vector<SettledDelivery> settled;
  std::vector<EndpointId> endpoints_removed;
};

/// What a commit means for the engine; takes it out of `effects` but for its attempts.
[[nodiscard]] News news_of(Effects& effects);

/// Adds the news of a later commit to what waits. When more than `fresh_max` fresh deliveries would
/// wait, their lanes are told to read the store instead.
void append(News& waiting, News later, std::size_t fresh_max);

/// Tells the engine. On its owner's thread.
void apply(Engine& engine, News news, WallTime now);

/// Tells an engine that has just been made what its store holds: all endpoints and what waits for
/// them. Comes before the first commit that it is told of.
[[nodiscard]] Status load(
    Engine& engine, StoreReader& reader, WallTime wall_now, MonoTime mono_now
);

}  // namespace postrider
