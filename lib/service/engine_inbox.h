// How an engine is told of what its process, and others, have committed.
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

/// Knows which endpoints the engine sends for, and keeps it to those. Owned by the engine's thread.
class EngineInbox {
 public:
  /// Both outlive it. `resync_rows_max`: see is_resyncing().
  EngineInbox(
      Engine& engine, StoreReader& reader, std::size_t resync_rows_max = limits::kWaitingPageMax
  )
      : engine_(engine), reader_(reader), resync_rows_max_(resync_rows_max) {}

  /// Tells the engine. An error: what waits in the store could not be read; nothing may be sent
  /// until a call, also one without news, has succeeded.
  [[nodiscard]] Status apply(News news, WallTime wall_now, MonoTime mono_now);

  /// Each apply() looks at some of the endpoints, and the next one at more: a look at all of them
  /// may take seconds, and others are served meanwhile.
  [[nodiscard]] bool is_resyncing() const { return resync_cursor_.has_value(); }

  /// Of the partitions that were abandoned, those for which nothing is in flight any more. Each
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
  // What waits there, and what counts against their rate limits, has to be read from the store.
  Partitions unread_;
  Partitions unseeded_;
  std::optional<EndpointId>
      resync_cursor_;  // up to there they were looked at; nothing when all were
  bool resync_again_ = false;
};

}  // namespace postrider
