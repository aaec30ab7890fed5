#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "codec/draft_reader.h"
#include "codec/event_codec.h"
#include "json/raw_json.h"

namespace postrider {
namespace {

using ValueRule = void (DraftReader::*)(const json::RawValue&);

/// Parses a column of JSON text and passes it to its rule.
void read_column(
    const std::optional<std::string>& text,
    std::string_view column,
    ValueRule rule,
    DraftReader& reader
) {
  if (!text) return;
  const auto document = json::parse_raw(*text, {.levels = 0});
  if (!document) return reader.wrong(column, "is not valid JSON: " + document.error().context);
  (reader.*rule)(document->values[0]);
}

/// Turns a pointer "/channels/1" and a detail "must be …" into a sentence about the column.
std::string sentence(const FieldError& error) {
  return error.pointer.substr(1) + " " + error.detail;
}

}  // namespace

tl::expected<EventDraft, std::string> parse_outbox_row(
    const OutboxRow& row, const EventLimits& limits
) {
  FieldErrors errors;
  DraftReader reader{limits, "", errors};
  if (row.type) reader.type(*row.type);
  if (row.tenant) reader.tenant(*row.tenant);
  if (row.ordering_key) reader.ordering_key(*row.ordering_key);
  if (row.deliver_at) reader.deliver_at(*row.deliver_at);
  if (row.expires_at) reader.expires_at(*row.expires_at);
  read_column(row.data, "data", &DraftReader::data, reader);
  read_column(row.channels, "channels", &DraftReader::channels, reader);
  read_column(row.metadata, "metadata", &DraftReader::metadata, reader);
  if (row.idempotency_key && !is_idempotency_key(*row.idempotency_key)) {
    reader.wrong("idempotency_key", "must be 1 to 255 printable ASCII characters");
  }
  auto draft = reader.finish();
  if (!errors.empty()) return tl::unexpected{sentence(errors.front())};
  if (row.traceparent && is_traceparent(*row.traceparent)) draft.traceparent = *row.traceparent;
  return draft;
}

}  // namespace postrider
