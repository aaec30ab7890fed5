// How an engine is told of what its process, and others, have committed.
#pragma once

#include <utility>
#include <vector>

#include "domain/partition.h"
#include "engine/engine.h"
#include "service/news.h"
#include "store/reader.h"

namespace postrider {

/// Knows which endpoints the engine sends for, and keeps it to those. Owned by the engine's thread.
class EngineFeed {
 public:
  /// Both outlive it.
  EngineFeed(Engine& engine, StoreReader& reader) : engine_(engine), reader_(reader) {}

  /// Tells the engine. An error: what waits in the store could not be read; nothing may be sent
  /// until a call, also one without news, has succeeded.
  [[nodiscard]] Status apply(News news, WallTime wall_now, MonoTime mono_now);

  /// Of the partitions that were abandoned, those for which nothing is in flight any more. Each
  /// once.
  [[nodiscard]] Partitions take_abandoned();

 private:
  void adopt(const Adoption& adopted, WallTime wall_now, MonoTime mono_now);
  void hand_over(const std::vector<std::pair<DeliveryId, EndpointId>>& appended, WallTime wall_now);
  [[nodiscard]] Status read_store();

  Engine& engine_;
  StoreReader& reader_;
  Partitions owned_;
  Partitions abandoned_;
  // What waits there, and what counts against their rate limits, has to be read from the store.
  Partitions unread_;
  Partitions unseeded_;
};

}  // namespace postrider
