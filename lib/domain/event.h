// An event, as producers emit it, and the rules for its members.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/field_error.h"
#include "domain/id.h"

namespace postrider {

inline constexpr std::string_view kDefaultTenant = "default";
/// The type of the event that `POST /v1/endpoints/{id}/test` sends.
inline constexpr std::string_view kTestEventType = "postrider.test";

/// The members of an event that a producer sets. All of them have passed the checks below.
struct EventDraft {
  std::string type;
  std::string data;  ///< valid JSON, unmodified bytes
  std::string tenant{kDefaultTenant};
  std::vector<std::string> channels;
  std::string metadata;  ///< a JSON object, unmodified, or empty
  std::string ordering_key;
  std::optional<WallTime> deliver_at;
  std::optional<WallTime> expires_at;
  std::string traceparent;
  std::string tracestate;

  bool operator==(const EventDraft&) const = default;
};

/// An accepted event. Immutable.
struct Event : EventDraft {
  EventId id;
  WallTime created_at;
};

/// The rules for members, shared by the REST API and the SQL outbox. Each function adds errors to
/// `errors` under `pointer`.
void check_event_type(std::string_view type, std::string_view pointer, FieldErrors& errors);
void check_tenant(std::string_view tenant, std::string_view pointer, FieldErrors& errors);
void check_channels(
    const std::vector<std::string>& channels, std::string_view pointer, FieldErrors& errors
);
void check_ordering_key(std::string_view key, std::string_view pointer, FieldErrors& errors);
/// Whether `key` is 1 to 255 printable ASCII characters.
[[nodiscard]] bool is_idempotency_key(std::string_view key);
/// Whether `text` has the form of a W3C traceparent; other values are not stored.
[[nodiscard]] bool is_traceparent(std::string_view text);
[[nodiscard]] bool is_tracestate(std::string_view text);

}  // namespace postrider
