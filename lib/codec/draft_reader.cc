#include "codec/draft_reader.h"

#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/assert.h"

namespace postrider {
namespace {

using json::Kind;
using json::RawDocument;
using json::RawValue;

using TextRule = void (DraftReader::*)(std::string_view);
constexpr std::array<std::pair<std::string_view, TextRule>, 5> kTextMembers = {{
    {"type", &DraftReader::type},
    {"tenant", &DraftReader::tenant},
    {"ordering_key", &DraftReader::ordering_key},
    {"deliver_at", &DraftReader::deliver_at},
    {"expires_at", &DraftReader::expires_at},
}};

using ValueRule = void (DraftReader::*)(const RawValue&);
constexpr std::array<std::pair<std::string_view, ValueRule>, 3> kValueMembers = {{
    {"data", &DraftReader::data},
    {"channels", &DraftReader::channels},
    {"metadata", &DraftReader::metadata},
}};

void read_member(const RawValue& value, DraftReader& reader) {
  if (value.duplicate) return reader.wrong(value.key, "is given more than once");
  for (const auto& [name, rule] : kValueMembers) {
    if (value.key == name) return (reader.*rule)(value);
  }
  for (const auto& [name, rule] : kTextMembers) {
    if (value.key != name) continue;
    if (value.kind == Kind::kNull) return;
    if (value.kind != Kind::kString) return reader.wrong(name, "must be a string");
    return (reader.*rule)(json::decode_string(value.text));
  }
  reader.wrong(value.key, "is not a member of an event");
}

}  // namespace

void DraftReader::wrong(std::string_view member, std::string detail) {
  // A member that is present but wrong is not reported as missing.
  if (member == "type") has_type_ = true;
  if (member == "data") has_data_ = true;
  errors_.push_back({pointer_to(prefix_, member), std::move(detail)});
}

void DraftReader::type(std::string_view text) {
  has_type_ = true;
  check_event_type(text, prefix_ + "/type", errors_);
  draft_.type = text;
}

void DraftReader::tenant(std::string_view text) {
  check_tenant(text, prefix_ + "/tenant", errors_);
  draft_.tenant = text;
}

void DraftReader::ordering_key(std::string_view text) {
  check_ordering_key(text, prefix_ + "/ordering_key", errors_);
  draft_.ordering_key = text;
}

std::optional<WallTime> DraftReader::instant(std::string_view member, std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (time) return *time;
  wrong(member, "must be an RFC 3339 instant such as 2026-01-01T00:00:00.000Z");
  return std::nullopt;
}

void DraftReader::deliver_at(std::string_view text) {
  draft_.deliver_at = instant("deliver_at", text);
}

void DraftReader::expires_at(std::string_view text) {
  draft_.expires_at = instant("expires_at", text);
}

void DraftReader::data(const RawValue& value) {
  has_data_ = true;
  if (value.text.size() <= limits_.data_bytes_max) {
    draft_.data = value.text;
    return;
  }
  errors_.push_back(
      {prefix_ + "/data",
       fmt::format(
           "is {} bytes, more than the {} that --max-event-bytes allows",
           value.text.size(),
           limits_.data_bytes_max
       ),
       true}
  );
}

void DraftReader::channels(const RawValue& value) {
  if (value.kind == Kind::kNull) return;
  if (value.kind != Kind::kArray) return wrong("channels", "must be an array of strings");
  if (value.count > limits::kChannelsMax) {
    return wrong("channels", fmt::format("has more than {} channels", limits::kChannelsMax));
  }
  // The array is parsed again: recording its elements with the event would record those of `data`,
  // too.
  const auto list = json::parse_raw(value.text, {.levels = 1});
  POSTRIDER_ASSERT(list.has_value());
  std::vector<std::string> channels;
  for (std::uint32_t i = 1; i < list->values[0].end; i = list->values[i].end) {
    const RawValue& item = list->values[i];
    if (item.kind != Kind::kString) return wrong("channels", "must be an array of strings");
    channels.push_back(json::decode_string(item.text));
  }
  check_channels(channels, prefix_ + "/channels", errors_);
  draft_.channels = std::move(channels);
}

void DraftReader::metadata(const RawValue& value) {
  if (value.kind == Kind::kNull) return;
  if (value.kind != Kind::kObject) return wrong("metadata", "must be an object");
  if (value.text.size() > limits::kMetadataBytesMax) {
    return wrong(
        "metadata",
        fmt::format("is {} bytes, more than {}", value.text.size(), limits::kMetadataBytesMax)
    );
  }
  draft_.metadata = value.text;
}

EventDraft DraftReader::finish() {
  if (!has_type_) wrong("type", "is required");
  if (!has_data_) wrong("data", "is required; it may be any JSON value, also null");
  if (draft_.expires_at && draft_.deliver_at && *draft_.expires_at <= *draft_.deliver_at) {
    wrong("expires_at", "must be after deliver_at");
  }
  return std::move(draft_);
}

EventDraft read_draft(
    const RawDocument& document,
    std::uint32_t index,
    const EventLimits& limits,
    const std::string& prefix,
    FieldErrors& errors
) {
  const RawValue& event = document.values[index];
  if (event.kind != Kind::kObject) {
    errors.push_back({prefix, "must be an object"});
    return {};
  }
  DraftReader reader{limits, prefix, errors};
  for (auto i = index + 1; i < event.end; i = document.values[i].end) {
    if (errors.size() >= limits::kFieldErrorsMax) return {};
    read_member(document.values[i], reader);
  }
  return reader.finish();
}

}  // namespace postrider
