// These functions parse the input of producers into events that satisfy the rules of api.md §3.
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

// The three parsers below return drafts only if all input is valid. Otherwise they return
// kInvalidArgument, and `errors` shows the kind of error:
// - unchanged: the text is not valid JSON (400); the error's context says where and why;
// - extended: the members at its pointers are wrong (422), or too large (413) where `too_large` is
//   set.
// At most limits::kFieldErrorsMax errors are added. `data` and `metadata` are the bytes of the
// input.

/// Parses the body of POST /v1/events.
[[nodiscard]] Result<EventDraft> parse_event(
    std::string_view body, const EventLimits& limits, FieldErrors& errors
);

/// Parses the body of POST /v1/events/batch: {"events":[…]}. Pointers are like /events/2/type.
[[nodiscard]] Result<std::vector<EventDraft>> parse_batch_json(
    std::string_view body, const EventLimits& limits, FieldErrors& errors
);

/// Parses the body of POST /v1/events/batch as application/x-ndjson, and skips blank lines.
/// Pointers count the events, from 0: /2/type. An error in the JSON text names the line, from 1.
[[nodiscard]] Result<std::vector<EventDraft>> parse_batch_ndjson(
    std::string_view body, const EventLimits& limits, FieldErrors& errors
);

/// Parses a row of the SQL outbox by the rules of the API. The error is one sentence that names the
/// column. An invalid `traceparent` is ignored, as it is in the API. The idempotency key is
/// checked, but stays in the row.
[[nodiscard]] tl::expected<EventDraft, std::string> parse_outbox_row(
    const OutboxRow& row, const EventLimits& limits
);

}  // namespace postrider
