// The rules that are the same for every way in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/event_codec.h"
#include "json/raw_json.h"

namespace postrider {

/// Builds one draft from values that may be of any kind; what is wrong goes to `errors` under
/// `prefix`. A null is a member left out.
class DraftReader {
 public:
  DraftReader(const EventLimits& limits, std::string prefix, FieldErrors& errors)
      : limits_(limits), prefix_(std::move(prefix)), errors_(errors) {}

  // Texts that have been decoded already.
  void type(std::string_view text);
  void tenant(std::string_view text);
  void ordering_key(std::string_view text);
  void deliver_at(std::string_view text);
  void expires_at(std::string_view text);

  /// Any JSON value, kept as its bytes.
  void data(const json::RawValue& value);
  void channels(const json::RawValue& value);
  void metadata(const json::RawValue& value);

  void wrong(std::string_view member, std::string detail);

  /// The rules between members. Call once, last; the draft counts only if no error was added.
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

/// Reads the members of the object `document.values[index]`, recorded with its members, as one
/// draft.
[[nodiscard]] EventDraft read_draft(
    const json::RawDocument& document,
    std::uint32_t index,
    const EventLimits& limits,
    const std::string& prefix,
    FieldErrors& errors
);

}  // namespace postrider
