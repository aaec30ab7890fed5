// EngineInbox applies what this process and other nodes have committed to the engine.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "domain/partition.h"
#include "engine/engine.h"
#include "service/news.h"
#include "store/reader.h"

namespace postrider {

/// Knows which endpoints this node sends for, and passes no other endpoints to the engine. Owned by
/// the engine's thread.
class EngineInbox {
 public:
  /// `engine` and `reader` outlive it. `resync_rows_max`: see is_resyncing().
  EngineInbox(
      Engine& engine, StoreReader& reader, std::size_t resync_rows_max = limits::kWaitingPageMax
  )
      : engine_(engine), reader_(reader), resync_rows_max_(resync_rows_max) {}

  /// Applies `news` to the engine. Returns an error if the store could not be read. Then nothing
  /// may be sent until a later call has succeeded, which may be one with an empty `News`.
  [[nodiscard]] Status apply(News news, WallTime wall_now, MonoTime mono_now);

  /// Returns whether a full resync is in progress. A full resync may take seconds, so each apply()
  /// checks at most `resync_rows_max` endpoints, and the dispatcher does other work in between.
  [[nodiscard]] bool is_resyncing() const { return resync_cursor_.has_value(); }

  /// Returns the abandoned partitions for which nothing is in flight any more. Returns each of them
  /// once.
  [[nodiscard]] Partitions take_abandoned();

 private:
  void adopt(const Adoption& adopted, WallTime wall_now, MonoTime mono_now);
  void enqueue(const std::vector<std::pair<DeliveryId, EndpointId>>& appended, WallTime wall_now);
  [[nodiscard]] Status read_store();
  void begin_resync();
  [[nodiscard]] Status continue_resync();

  Engine& engine_;
  StoreReader& reader_;
  const std::size_t resync_rows_max_;
  Partitions owned_;
  Partitions abandoned_;
  // Partitions whose pending deliveries, and whose requests that count against rate limits, still
  // have to be read from the store.
  Partitions unread_;
  Partitions unseeded_;
  std::optional<EndpointId>
      resync_cursor_;  // the last endpoint checked; empty when no resync is in progress
  bool resync_again_ = false;
};

}  // namespace postrider
