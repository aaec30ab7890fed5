// The records that a store takes and returns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/delivery.h"
#include "domain/endpoint.h"
#include "domain/event.h"
#include "domain/id.h"
#include "domain/outbox.h"
#include "domain/outcome.h"
#include "domain/waiting.h"

namespace postrider {

// --- Appending -----------------------------------------------------------------------------------

/// An endpoint that receives an event. Its ordering decides which ordering queue the delivery
/// joins.
struct Target {
  EndpointId endpoint;
  Ordering ordering = Ordering::kNone;

  bool operator==(const Target&) const = default;
};

/// An event with the endpoints that routing chose for it.
struct NewEvent {
  EventDraft draft;
  std::vector<Target> targets;
};

struct AppendedDelivery {
  DeliveryId id;
  EndpointId endpoint;
  WallTime due_at;
};

/// A NewEvent as stored.
struct Appended {
  EventId id;
  WallTime created_at;
  std::vector<AppendedDelivery> deliveries;
};

/// The first response to requests with an idempotency key.
struct IdempotencyRecord {
  std::string body_sha256;  ///< 32 bytes
  std::string answer;       ///< the body of the 202, byte for byte
};

// --- Sending -------------------------------------------------------------------------------------

/// A delivery with the event that its attempt needs. Lanes and requests in flight share the event.
struct DueDelivery {
  Delivery delivery;
  std::shared_ptr<const Event> event;
};

struct PendingDelivery {
  DueDelivery pending;
  std::int64_t endpoint_version = 0;  ///< see Endpoint::version
};

struct DueParams {
  EndpointId endpoint;
  WallTime now;
  std::size_t rows_max = 0;
  /// Whether the lane already holds a delivery. Held deliveries are skipped and do not count as
  /// rows.
  std::function<bool(DeliveryId)> is_held;
};

/// All members belong to one snapshot of the database.
struct DuePage {
  std::vector<DueDelivery> rows;        ///< due at `now`, earliest first
  bool more = false;                    ///< further deliveries are due that are not held
  std::optional<WallTime> next_due_at;  ///< the earliest due instant after `now`
  DeliveryId newest;                    ///< the snapshot has every delivery up to this id
  std::int64_t endpoint_version = 0;    ///< see Endpoint::version
};

/// An endpoint with pending deliveries.
struct WaitingEndpoint {
  EndpointId endpoint;
  /// When the earliest delivery is due; nothing if one of them is ordered.
  std::optional<WallTime> due_at;

  friend bool operator==(const WaitingEndpoint&, const WaitingEndpoint&) = default;
};

/// Which heads of ordering queues to read.
struct OrderedParams {
  EndpointId endpoint;
  WallTime now;
  /// Ordering keys whose heads are wanted.
  std::vector<std::string> keys;
  /// Whether to also scan all ordering keys, from the one after `after`.
  bool scan = false;
  std::optional<std::string> after;
  /// The most due heads to return with their event; the page ends there.
  std::size_t rows_max = 0;
  /// The most ordering keys that the scan examines.
  std::size_t keys_max = 0;
  /// Ordering keys that the scan skips.
  std::function<bool(const std::string&)> is_known;
};

/// The oldest pending delivery of an ordering key. No other delivery of the key may be sent before
/// it is final.
struct OrderedHead {
  std::string lane_key;
  std::optional<WallTime> due_at;       ///< nothing if no delivery of the key is pending
  bool has_successors = false;          ///< further deliveries of the key are pending
  std::optional<DueDelivery> delivery;  ///< set if it is due
};

/// All members belong to one snapshot of the database.
struct OrderedPage {
  std::vector<OrderedHead>
      heads;  ///< one per key of `keys`, in their order; the page may end early
  std::vector<OrderedHead> scanned;
  /// The last key that the scan examined; nothing if the scan is complete.
  std::optional<std::string> scanned_up_to;
  DeliveryId newest;                  ///< every delivery up to this id was visible
  std::int64_t endpoint_version = 0;  ///< see Endpoint::version
};

/// An attempt and the next state of its delivery.
struct Settlement {
  DeliveryId delivery;
  EndpointId endpoint;
  int round = 0;           ///< as it was when the request was sent
  int attempts_count = 0;  ///< when the request was sent; another value only makes settling slower
  Attempt attempt;         ///< the store sets `id` and `number`
  NextState next;
  Verdict verdict = Verdict::kDelivered;
  /// False if the attempt ended before a request was sent: the endpoint's health is not affected.
  bool counts_for_health = true;
  int health_round = 0;                  ///< of the endpoint when the request was sent
  std::optional<OpenCircuit> circuit{};  ///< the open circuit after this attempt
  MonoTime sent_at{};                    ///< used only with rate_period
  std::optional<Millis> rate_period{};   ///< of the rate limit under which it was sent
  std::shared_ptr<const Event> event{};  ///< for the live stream; the store does not use it
};

struct Settled {
  /// False if the delivery was changed after the request was sent. The attempt is recorded anyway.
  bool applied = false;
  AttemptId attempt;
  int number = 0;
};

/// A part of a long scan.
struct DeliveryChunk {
  std::vector<Delivery> rows;
  bool done = false;  ///< the scan is complete; an earlier chunk may be empty
};

/// The result of one call of retention.
struct RetentionResult {
  std::int64_t rows_count = 0;  ///< removed rows
  bool done = false;            ///< the pass is complete; the next call starts a new one
};

/// The health of an endpoint whose last attempt failed.
struct FailingEndpoint {
  EndpointId endpoint;
  std::optional<WallTime> failing_since;
  std::int64_t failed_attempts_count = 0;
  std::optional<OpenCircuit> circuit{};
};

/// The result of the last successful or failed attempt of an endpoint.
struct LastAttempt {
  WallTime at;     ///< its end
  int status = 0;  ///< 0 when no response arrived
  Outcome outcome = Outcome::kSuccess;

  bool operator==(const LastAttempt&) const = default;
};

/// The last attempts of an endpoint that count for its health, and its backpressure.
struct LastOutcomes {
  EndpointId endpoint;
  std::optional<LastAttempt> success{};
  std::optional<LastAttempt> failure{};
  Backpressure backpressure{};  ///< after the last of them

  bool operator==(const LastOutcomes&) const = default;
};

/// The health of an endpoint, for people.
struct EndpointHealth {
  LastOutcomes last{};
  std::int64_t waiting = 0;       ///< pending deliveries, at most limits::kWaitingCountMax
  bool more_are_waiting = false;  ///< more than `waiting`
};

/// Changes that other nodes have committed.
struct RemoteChanges {
  std::vector<Endpoint> endpoints;  ///< new or changed, as stored
  std::vector<EndpointId> endpoints_removed;
  bool settings = false;  ///< keys or event types
};

// --- Lists ---------------------------------------------------------------------------------------

/// `cursor`: empty for the first page, else `next_cursor` of the page before.
struct PageParams {
  std::size_t limit = 50;
  std::string cursor;
};

/// Newest first. A page may have fewer rows than its limit and still a next_cursor: with filters
/// that no index serves, a page examines a bounded number of rows.
template <class T>
struct Page {
  std::vector<T> rows;
  std::string next_cursor;  ///< empty at the end
};

/// Empty members do not filter. Instants: since <= t < until.
struct EventFilter {
  std::string tenant;
  std::string type;
  std::optional<WallTime> since;
  std::optional<WallTime> until;
};

struct DeliveryFilter {
  std::string tenant;
  std::optional<EndpointId> endpoint;
  std::optional<EventId> event;
  std::optional<DeliveryState> state;
  std::optional<WallTime> since;  ///< of the delivery's creation
  std::optional<WallTime> until;
};

struct DeadLetterFilter {
  std::string tenant;
  std::optional<EndpointId> endpoint;
  std::string type;
  std::optional<DeadReason> reason;
  std::optional<WallTime> since;  ///< of the delivery's end
  std::optional<WallTime> until;
};

struct EndpointFilter {
  std::string tenant;
  std::optional<EndpointState> state;
};

/// A delivery as lists show it.
struct DeliveryView {
  Delivery delivery;
  std::string tenant;
  std::string type;
  std::optional<Attempt> last_attempt;
  /// Why it waits, as far as the store knows; backpressure is some seconds old. Set iff it is
  /// pending and was read for the API: sweeps and tasks leave it out.
  std::optional<WaitingFacts> waiting{};
};

struct DeliveryHistory {
  DeliveryView view;
  std::vector<Attempt> attempts;  ///< oldest first, the latest 1,000 at most
};

// --- Settings, tasks, statistics -----------------------------------------------------------------

enum class KeyScope : std::uint8_t { kAdmin, kEmit, kRead, kTenant };

struct ApiKey {
  KeyId id;
  std::string name;
  KeyScope scope = KeyScope::kAdmin;
  std::string tenant;  ///< set iff scope is kTenant
  std::string sha256;  ///< 32 bytes; the key itself is not stored
  WallTime created_at;
  std::optional<WallTime> expires_at;
  /// When a request to any node last used the key, stored with a delay of up to a minute; nothing
  /// if it was never used.
  std::optional<WallTime> last_used_at;

  [[nodiscard]] bool is_valid_at(WallTime now) const { return !expires_at || now < *expires_at; }
};

/// A request that used an API key.
struct ApiKeyUse {
  KeyId key;
  WallTime at;

  bool operator==(const ApiKeyUse&) const = default;
};

struct EventType {
  std::string name;
  std::string description;
  std::string schema;  ///< a JSON Schema, or empty
  bool archived = false;
  WallTime created_at;
  WallTime updated_at;
};

enum class TaskKind : std::uint8_t { kReplayDeadLetters, kDiscardDeadLetters, kRecoverEndpoint };
enum class TaskState : std::uint8_t { kRunning, kDone, kFailed, kCancelled };

/// Bulk work that survives restarts. Each transaction changes a chunk of rows.
struct Task {
  TaskId id;
  TaskKind kind = TaskKind::kReplayDeadLetters;
  TaskState state = TaskState::kRunning;
  DeadLetterFilter filter;  ///< `until` is never later than the task's creation
  std::int64_t total = 0;   ///< counted when the task was created
  std::int64_t done = 0;    ///< changed rows
  std::int64_t skipped =
      0;               ///< rows that could not be: endpoint disabled or deleted, event expired
  std::string cursor;  ///< where the next chunk starts
  std::string error;   ///< set iff failed
  WallTime created_at;
  WallTime updated_at;
};

/// Attempts by class, as `postrider_attempts_total{class}` counts them.
enum class AttemptClass : std::uint8_t {
  k2xx,
  k3xx,
  k4xx,
  k5xx,
  kTimeout,
  kConnect,
  kTls,
  kDns,
  kBlocked
};
inline constexpr std::size_t kAttemptClassCount = 9;

/// The counts of one minute for an endpoint, or, if `endpoint` is 0, the accepted events of a
/// tenant.
struct StatRow {
  WallTime minute;
  std::string tenant;
  EndpointId endpoint;
  std::int64_t events = 0;     ///< accepted
  std::int64_t delivered = 0;  ///< deliveries that became `delivered`
  std::int64_t dead = 0;
  std::array<std::int64_t, kAttemptClassCount> attempts{};
  std::int64_t duration_ms_sum = 0;  ///< of the attempts
};

struct StatFilter {
  std::string tenant;
  std::optional<EndpointId> endpoint;
  WallTime since;
  WallTime until;
  Millis bucket{60'000};
};

/// Figures of the database for metrics.
struct StoreGauges {
  std::array<std::int64_t, kEndpointStateCount> endpoints{};  ///< by state, without deleted ones
  std::int64_t database_bytes = 0;
  std::optional<std::int64_t> wal_bytes{};  ///< of the write-ahead log beside a database file
};

/// Counts of the pending deliveries of an endpoint.
struct Backlog {
  EndpointId endpoint;
  EndpointState state = EndpointState::kActive;
  bool circuit_is_open = false;
  std::int64_t due = 0;        ///< due now, and heads of their ordering queue
  std::int64_t scheduled = 0;  ///< due later
  std::int64_t ordered = 0;    ///< due now, but behind another delivery of their ordering queue
  std::optional<WallTime> oldest_due_at{};  ///< among those that `due` counts
};

}  // namespace postrider
