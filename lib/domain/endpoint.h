// A registered subscriber URL with its filters, secrets and policies.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "domain/destination.h"
#include "domain/event.h"
#include "domain/id.h"
#include "domain/ordering.h"
#include "domain/retry_policy.h"
#include "domain/signature.h"

namespace postrider {

enum class PayloadKind { kEnvelope, kRaw, kCloudEvents, kCloudEventsBinary };

/// No period of this length sees more requests than `limit`.
struct RateLimit {
  int limit = 1;
  Millis period{1000};

  bool operator==(const RateLimit&) const = default;
};

/// What the owner of an endpoint chooses; see api.md, "Endpoints". Read and written as JSON by
/// domain/endpoint_json.h.
struct EndpointConfig {
  std::string url;
  std::string description;
  std::string metadata;                  ///< a JSON object of strings, or empty
  std::vector<std::string> event_types;  ///< empty = all; exact names or `order.*`
  std::vector<std::string> channels;     ///< empty = all
  std::vector<std::pair<std::string, std::string>> headers;
  PayloadKind payload = PayloadKind::kEnvelope;
  Signature signature;               ///< whether it is one that lib/signing knows is checked there
  Destination destination;           ///< whether it can be sent to is checked by lib/destinations
  std::string filter;                ///< a jq program; empty = every event that matches
  std::string transform;             ///< a jq program whose output is the body; empty = none
  std::optional<RetryPolicy> retry;  ///< nothing = the service's default policy
  std::optional<Millis> timeout;     ///< nothing = the service's default
  int max_in_flight = 32;
  Ordering ordering = Ordering::kNone;  ///< holds for deliveries made from then on
  std::optional<RateLimit> rate_limit;  ///< nothing = as fast as it answers

  bool operator==(const EndpointConfig&) const = default;
};

enum class EndpointState { kActive, kPaused, kDisabled };
inline constexpr std::size_t kEndpointStateCount = 3;
enum class DisabledReason { kGone, kFailing, kOperator };
inline constexpr std::size_t kDisabledReasonCount = 3;

[[nodiscard]] std::string_view to_string(EndpointState state);
[[nodiscard]] std::string_view to_string(DisabledReason reason);
[[nodiscard]] Result<EndpointState> parse_endpoint_state(std::string_view text);
[[nodiscard]] Result<DisabledReason> parse_disabled_reason(std::string_view text);

/// A secret that signs. The newest has no expiry; those it replaced sign until theirs.
struct EndpointSecret {
  std::string value;  ///< secret: never logged, never in lists
  WallTime created_at;
  std::optional<WallTime> expires_at;

  bool operator==(const EndpointSecret&) const = default;
};

/// The endpoint has failed so often that only probes are sent.
struct OpenCircuit {
  WallTime opened_at;
  WallTime next_probe_at;
  Millis probe_delay{0};  ///< the present wait between probes, without jitter

  bool operator==(const OpenCircuit&) const = default;
};

struct Endpoint {
  EndpointId id;
  std::string tenant{kDefaultTenant};
  EndpointConfig config;
  EndpointState state = EndpointState::kActive;
  std::optional<DisabledReason> state_reason;  ///< set iff disabled
  WallTime state_changed_at;
  WallTime created_at;
  WallTime updated_at;
  std::vector<EndpointSecret> secrets;  ///< newest first
  /// Set while the endpoint has only failed since then; with the count it decides on `failing`.
  std::optional<WallTime> failing_since;
  std::int64_t failed_attempts_count = 0;  ///< since failing_since
  std::optional<OpenCircuit> circuit;      ///< nothing while it is closed
  /// Raised when failures begin anew: answers to older requests say nothing of it any more.
  int health_round = 0;
  /// Raised by every change of anything but its health, where nodes share the database.
  std::int64_t version = 0;
};

/// Whether the endpoint wants the event: same tenant, a matching type, a shared channel.
[[nodiscard]] bool matches(const Endpoint& endpoint, const EventDraft& event);

/// Whether `pattern` (an exact name or `prefix.*`) covers `type`.
[[nodiscard]] bool matches_type(std::string_view pattern, std::string_view type);

}  // namespace postrider
