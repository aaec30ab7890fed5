// These functions accept events: routing, deliveries, idempotency, the SQL outbox. They run inside
// a transaction.
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
  /// Renders the body of the 202 response.
  std::function<std::string(const std::vector<Appended>&)> render;
};

struct Emitted {
  std::string answer;
  bool replayed = false;  ///< the response is the one stored with the key
};

/// Returns the stored response of the key, or nothing if the key is new. Returns kConflict if the
/// key was used with another body.
[[nodiscard]] Result<std::optional<Emitted>> answer_of(
    WriteContext& context, const IdempotencyKey& key
);

// A function below that returns filters_first() has changed nothing and moved nothing from its
// arguments. It has recorded in `filtering` which filters have to run.

/// Stores the events with all their deliveries. Returns one result per event, in their order. A
/// delivery whose filter failed is stored as dead, with an attempt that says why.
[[nodiscard]] Result<std::vector<Appended>> accept(
    WriteContext& context, std::vector<EventDraft>& events, Filtering& filtering
);

/// Calls accept(), but only once per idempotency key. Returns kConflict if the key was used with
/// another body.
[[nodiscard]] Result<Emitted> emit(WriteContext& context, EmitParams& params, Filtering& filtering);

/// Accepts up to `rows_max` of the oldest rows of the outbox. Moves invalid rows to outbox_rejected
/// with the reason. Returns how many rows it found. A row whose filters have to run first stays in
/// the outbox, with all rows after it.
[[nodiscard]] Result<std::size_t> take_up_outbox(
    WriteContext& context,
    const Catalogue& catalogue,
    const EventLimits& limits,
    std::size_t rows_max,
    Filtering& filtering
);

}  // namespace postrider
