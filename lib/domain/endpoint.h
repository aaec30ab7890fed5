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

/// At most `limit` requests are made in any period of this length.
struct RateLimit {
  int limit = 1;
  Millis period{1000};

  bool operator==(const RateLimit&) const = default;
};

/// The settings that the owner of an endpoint chooses; see api.md, "Endpoints".
/// domain/endpoint_json.h reads and writes them as JSON.
struct EndpointConfig {
  std::string url;
  std::string description;
  std::string metadata;                  ///< a JSON object of strings, or empty
  std::vector<std::string> event_types;  ///< empty = all; exact names or `order.*`
  std::vector<std::string> channels;     ///< empty = all
  std::vector<std::pair<std::string, std::string>> headers;
  PayloadKind payload = PayloadKind::kEnvelope;
  Signature signature;               ///< lib/signing checks that it knows the scheme
  Destination destination;           ///< lib/destinations checks that requests can be sent to it
  std::string filter;                ///< a jq program; empty = every event that matches
  std::string transform;             ///< a jq program whose output is the body; empty = none
  std::optional<RetryPolicy> retry;  ///< nullopt = the service's default policy
  std::optional<Millis> timeout;     ///< nullopt = the service's default
  int max_in_flight = 32;
  Ordering ordering = Ordering::kNone;  ///< applies to deliveries created after it is set
  std::optional<RateLimit> rate_limit;  ///< nullopt = not limited

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

/// A secret that signs requests. The newest one has no expiry. The secrets that it replaced sign
/// until they expire.
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
  Millis probe_delay{0};  ///< current delay between probes, without jitter

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
  /// The time of the first failure since the last success; nullopt after a success. Together with
  /// failed_attempts_count it decides when the endpoint is disabled as `failing`.
  std::optional<WallTime> failing_since;
  std::int64_t failed_attempts_count = 0;  ///< since failing_since
  std::optional<OpenCircuit> circuit;      ///< nullopt while it is closed
  /// Incremented when the health starts afresh: the URL or the destination has changed, or a
  /// disabled endpoint has been enabled. Responses to requests of an earlier round do not affect
  /// the health.
  int health_round = 0;
  /// If nodes share the database, every change of the endpoint except of its health increments it.
  std::int64_t version = 0;
};

/// Whether the endpoint receives the event: the tenant is equal, a type matches, and a channel is
/// shared.
[[nodiscard]] bool matches(const Endpoint& endpoint, const EventDraft& event);

/// Whether `pattern` (an exact name or `prefix.*`) covers `type`.
[[nodiscard]] bool matches_type(std::string_view pattern, std::string_view type);

}  // namespace postrider
