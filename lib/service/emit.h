// Takes events in: routing, deliveries, idempotency, the SQL outbox. Inside of a transaction.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "codec/event_codec.h"
#include "service/catalogue.h"
#include "service/filtering.h"
#include "service/write_context.h"

namespace postrider {

struct IdempotencyKey {
  std::string tenant;
  std::string key;
  std::string body_sha256;
};

struct EmitParams {
  std::vector<EventDraft> events;
  std::optional<IdempotencyKey> idempotency;
  /// Makes the body of the 202.
  std::function<std::string(const std::vector<Appended>&)> render;
};

struct Emitted {
  std::string answer;
  bool replayed = false;  ///< the answer is the one that the key was given first
};

/// The answer that the key was given first; nothing when it is new. kConflict: the key was used for
/// another body.
[[nodiscard]] Result<std::optional<Emitted>> answer_of(
    WriteContext& context, const IdempotencyKey& key
);

// What ends with filters_first() has changed nothing, taken nothing and noted in `filtering` what
// it needs.

/// Accepts the events with all their deliveries. In the order of the events. A delivery whose
/// filter failed is born dead, with an attempt that says why.
[[nodiscard]] Result<std::vector<Appended>> accept(
    WriteContext& context, std::vector<EventDraft>& events, Filtering& filtering
);

/// accept(), and once only for an idempotency key. kConflict: the key was used for another body.
[[nodiscard]] Result<Emitted> emit(WriteContext& context, EmitParams& params, Filtering& filtering);

/// Takes up to `rows_max` of the oldest rows of the outbox; rows that are not valid are moved to
/// outbox_rejected with the reason. Returns how many rows it found. A row that needs filters first
/// stays, with all that are behind it.
[[nodiscard]] Result<std::size_t> take_up_outbox(
    WriteContext& context,
    const Catalogue& catalogue,
    const EventLimits& limits,
    std::size_t rows_max,
    Filtering& filtering
);

}  // namespace postrider
