// Producers' input, from whichever side it comes, as events that keep every rule of api.md §3.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "domain/event.h"
#include "domain/field_error.h"
#include "domain/outbox.h"

namespace postrider {

struct EventLimits {
  std::size_t data_bytes_max = limits::kEventBytesDefault;
};

// Each of the three parsers below gives drafts only when all is well. Else the error is
// kInvalidArgument, and `errors` tells which kind it is:
// - unchanged: the text is no JSON (400); the context says where and why;
// - grown: the members at its pointers are wrong (422); where `too_large` is set, too large (413).
// At most limits::kFieldErrorsMax are added. `data` and `metadata` are the bytes of the input.

/// The body of POST /v1/events.
[[nodiscard]] Result<EventDraft> parse_event(
    std::string_view body, const EventLimits& limits, FieldErrors& errors
);

/// The body of POST /v1/events/batch: {"events":[…]}. Pointers are like /events/2/type.
[[nodiscard]] Result<std::vector<EventDraft>> parse_batch_json(
    std::string_view body, const EventLimits& limits, FieldErrors& errors
);

/// The same as application/x-ndjson; blank lines are skipped. Pointers count the events, from 0:
/// /2/type. Malformed JSON is told by line, from 1.
[[nodiscard]] Result<std::vector<EventDraft>> parse_batch_ndjson(
    std::string_view body, const EventLimits& limits, FieldErrors& errors
);

/// A row of the SQL outbox, by the same rules. The error is one sentence that names the column. A
/// `traceparent` without the form of one is left out, as with REST. The idempotency key is checked;
/// it stays with the row.
[[nodiscard]] tl::expected<EventDraft, std::string> parse_outbox_row(
    const OutboxRow& row, const EventLimits& limits
);

}  // namespace postrider
