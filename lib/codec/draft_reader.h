// DraftReader checks the members of an event, for every source of events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/event_codec.h"
#include "json/raw_json.h"

namespace postrider {

/// Builds one draft from values of any kind. Adds errors to `errors`, with pointers under `prefix`.
/// A null counts as a missing member, except for `data`.
class DraftReader {
 public:
  DraftReader(const EventLimits& limits, std::string prefix, FieldErrors& errors)
      : limits_(limits), prefix_(std::move(prefix)), errors_(errors) {}

  // Members whose text is already decoded.
  void type(std::string_view text);
  void tenant(std::string_view text);
  void ordering_key(std::string_view text);
  void deliver_at(std::string_view text);
  void expires_at(std::string_view text);

  /// Accepts any JSON value and keeps its bytes.
  void data(const json::RawValue& value);
  void channels(const json::RawValue& value);
  void metadata(const json::RawValue& value);

  void wrong(std::string_view member, std::string detail);

  /// Checks the rules between members. Must be called once, as the last call. The draft is valid
  /// only if no error was added.
  [[nodiscard]] EventDraft finish();

 private:
  [[nodiscard]] std::optional<WallTime> instant(std::string_view member, std::string_view text);

  const EventLimits& limits_;
  const std::string prefix_;
  FieldErrors& errors_;
  EventDraft draft_;
  bool has_type_ = false;
  bool has_data_ = false;
};

/// Reads the object `document.values[index]` as one draft. The document was parsed with the
/// object's members recorded.
[[nodiscard]] EventDraft read_draft(
    const json::RawDocument& document,
    std::uint32_t index,
    const EventLimits& limits,
    const std::string& prefix,
    FieldErrors& errors
);

}  // namespace postrider
