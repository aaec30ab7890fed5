// Holds the event codec to its promises: a draft only without errors, and its data out of the
// input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "codec/event_codec.h"

namespace {

using postrider::EventDraft;
using postrider::FieldErrors;

constexpr postrider::EventLimits kLimits{.data_bytes_max = 64};

void require(bool condition) {
  if (!condition) std::abort();
}

void check_draft(const EventDraft& draft, std::string_view body) {
  FieldErrors errors;
  postrider::check_event_type(draft.type, "", errors);
  postrider::check_tenant(draft.tenant, "", errors);
  postrider::check_channels(draft.channels, "", errors);
  require(errors.empty());
  require(!draft.data.empty() && draft.data.size() <= kLimits.data_bytes_max);
  require(body.find(draft.data) != std::string_view::npos);
  require(body.find(draft.metadata) != std::string_view::npos);
}

void check_errors(const FieldErrors& errors) {
  for (const auto& error : errors) {
    require(error.pointer.empty() || error.pointer.front() == '/');
    require(!error.detail.empty());
  }
}

void check_outbox(const EventDraft& draft) {
  postrider::OutboxRow row;
  row.type = draft.type;
  row.data = draft.data;
  row.tenant = draft.tenant;
  if (!draft.metadata.empty()) row.metadata = draft.metadata;
  const auto again = postrider::parse_outbox_row(row, kLimits);
  require(again.has_value());
  require(again->data == draft.data && again->metadata == draft.metadata);
}

template <class Parse>
void check_batch(Parse parse, const std::string& body) {
  FieldErrors errors;
  const auto drafts = parse(body, kLimits, errors);
  check_errors(errors);
  if (!drafts) return;
  require(errors.empty() && !drafts->empty());
  for (const auto& draft : *drafts) check_draft(draft, body);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(data, data + size);
  FieldErrors errors;
  const auto draft = postrider::parse_event(body, kLimits, errors);
  check_errors(errors);
  if (draft) {
    require(errors.empty());
    check_draft(*draft, body);
    check_outbox(*draft);
  }
  check_batch(postrider::parse_batch_json, body);
  check_batch(postrider::parse_batch_ndjson, body);
  postrider::OutboxRow row;
  row.type = "a";
  row.data = body;
  row.channels = body;
  const auto from_row = postrider::parse_outbox_row(row, kLimits);
  require(from_row.has_value() || !from_row.error().empty());
  return 0;
}
