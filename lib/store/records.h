// What goes into a store and what comes out of it.
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

/// Who gets an event. The endpoint's ordering decides which line its delivery joins.
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

/// What a NewEvent became.
struct Appended {
  EventId id;
  WallTime created_at;
  std::vector<AppendedDelivery> deliveries;
};

/// The answer that an idempotency key was given first.
struct IdempotencyRecord {
  std::string body_sha256;  ///< 32 bytes
  std::string answer;       ///< the body of the 202, byte for byte
};

// --- Sending -------------------------------------------------------------------------------------

/// A delivery with all that its attempt needs. The event is shared by the lanes that hold it and
/// the requests in flight for it: the last one ends it.
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
  /// Deliveries that the lane holds already; they do not count as rows.
  std::function<bool(DeliveryId)> is_held;
};

/// All members belong to one snapshot of the database.
struct DuePage {
  std::vector<DueDelivery> rows;        ///< due at `now`, earliest first
  bool more = false;                    ///< further rows are due that are not held
  std::optional<WallTime> next_due_at;  ///< the earliest instant after `now` at which one falls due
  DeliveryId newest;                    ///< every delivery up to this id was visible
  std::int64_t endpoint_version = 0;    ///< see Endpoint::version
};

/// An endpoint with pending deliveries.
struct WaitingEndpoint {
  EndpointId endpoint;
  /// When the earliest of them is due; nothing when one of them waits in a line.
  std::optional<WallTime> due_at;

  friend bool operator==(const WaitingEndpoint&, const WaitingEndpoint&) = default;
};

/// Where to look for the next of ordered deliveries.
struct OrderedParams {
  EndpointId endpoint;
  WallTime now;
  /// Lines whose heads are wanted.
  std::vector<std::string> keys;
  /// Whether to go through all lines too, those behind `after` or all of them.
  bool scan = false;
  std::optional<std::string> after;
  /// Heads that are due come with all that their attempt needs, up to this many; the page ends
  /// there.
  std::size_t rows_max = 0;
  /// Lines that a scan looks at.
  std::size_t keys_max = 0;
  /// Lines that a scan passes over.
  std::function<bool(const std::string&)> is_known;
};

/// The oldest pending delivery of a line: nothing else of the line may be sent before it is final.
struct OrderedHead {
  std::string lane_key;
  std::optional<WallTime> due_at;       ///< nothing: nothing of the line is pending
  bool has_successors = false;          ///< more of the line is pending
  std::optional<DueDelivery> delivery;  ///< when it is due
};

/// All members belong to one snapshot of the database.
struct OrderedPage {
  std::vector<OrderedHead> heads;  ///< of `keys`, in their order; the page may end early
  std::vector<OrderedHead> scanned;
  /// The last line that the scan came to; nothing when it is through.
  std::optional<std::string> walk_on;
  DeliveryId newest;                  ///< every delivery up to this id was visible
  std::int64_t endpoint_version = 0;  ///< see Endpoint::version
};

/// An attempt and what became of its delivery.
struct Settlement {
  DeliveryId delivery;
  EndpointId endpoint;
  int round = 0;           ///< as it was when the request was sent
  int attempts_count = 0;  ///< likewise; another one only makes settling slower
  Attempt attempt;         ///< `id` and `number` are the store's to fill in
  NextState next;
  Verdict verdict = Verdict::kDelivered;
  /// False when the attempt ended before its endpoint was asked.
  bool tells_health = true;
  int health_round = 0;                  ///< of the endpoint, as it was when the request was sent
  std::optional<OpenCircuit> circuit{};  ///< of the endpoint, after this attempt
  MonoTime sent_at{};                    ///< only looked at with rate_period
  std::optional<Millis> rate_period{};   ///< of the limit under which it was sent
  std::shared_ptr<const Event> event{};  ///< for those who watch; the store does not need it
};

struct Settled {
  /// False when the delivery is no longer what it was when the request was sent; the attempt is
  /// recorded all the same.
  bool applied = false;
  AttemptId attempt;
  int number = 0;
};

/// A part of a long scan.
struct DeliveryChunk {
  std::vector<Delivery> rows;
  bool done = false;  ///< nothing is left behind it; a chunk may be empty before
};

/// What one call of retention did.
struct RetentionResult {
  std::int64_t rows_count = 0;  ///< rows that went
  bool done = false;            ///< the pass has come to its end; the next call begins a new one
};

/// What settling knows of an endpoint whose last attempt failed.
struct FailingEndpoint {
  EndpointId endpoint;
  std::optional<WallTime> failing_since;
  std::int64_t failed_attempts_count = 0;
  std::optional<OpenCircuit> circuit{};
};

/// What the last attempt of a kind came to.
struct LastAttempt {
  WallTime at;     ///< its end
  int status = 0;  ///< 0 when no response arrived
  Outcome outcome = Outcome::kSuccess;

  bool operator==(const LastAttempt&) const = default;
};

/// The last attempts of an endpoint that say something of it, and what they led to.
struct LastOutcomes {
  EndpointId endpoint;
  std::optional<LastAttempt> success{};
  std::optional<LastAttempt> failure{};
  Backpressure backpressure{};  ///< after the last of them

  bool operator==(const LastOutcomes&) const = default;
};

/// How an endpoint does, for people.
struct EndpointHealth {
  LastOutcomes last{};
  std::int64_t waiting = 0;       ///< pending deliveries, at most limits::kWaitingCountMax
  bool more_are_waiting = false;  ///< than that
};

/// What other nodes have changed.
struct RemoteChanges {
  std::vector<Endpoint> endpoints;  ///< new or changed, as they are now
  std::vector<EndpointId> endpoints_removed;
  bool settings = false;  ///< keys or event types
};

// --- Lists ---------------------------------------------------------------------------------------

/// `cursor`: empty for the first page, else `next_cursor` of the page before.
struct PageParams {
  std::size_t limit = 50;
  std::string cursor;
};

/// Newest first. A page may be short of its limit and still have a next_cursor: filters that no
/// index serves look at a bounded number of rows per page.
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
  std::optional<WallTime> since;  ///< of its death
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
  /// What the store knows of why it waits; backpressure as it was a few seconds ago. Set iff it is
  /// pending and was read for people: sweeps and tasks leave it out.
  std::optional<WaitingFacts> waiting{};
};

struct DeliveryHistory {
  DeliveryView view;
  std::vector<Attempt> attempts;  ///< oldest first, the latest 1,000 at most
};

// --- The rest ------------------------------------------------------------------------------------

enum class KeyScope : std::uint8_t { kAdmin, kEmit, kRead, kTenant };

struct ApiKey {
  KeyId id;
  std::string name;
  KeyScope scope = KeyScope::kAdmin;
  std::string tenant;  ///< set iff scope is kTenant
  std::string sha256;  ///< 32 bytes; the key itself is not stored
  WallTime created_at;
  std::optional<WallTime> expires_at;
  /// By a request of any node, up to a minute ago; nothing when none ever was.
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

/// Bulk work that goes on over restarts, a chunk per transaction.
struct Task {
  TaskId id;
  TaskKind kind = TaskKind::kReplayDeadLetters;
  TaskState state = TaskState::kRunning;
  DeadLetterFilter filter;  ///< `until` is never later than the task's creation
  std::int64_t total = 0;   ///< as counted when it was asked for
  std::int64_t done = 0;    ///< rows that were changed
  std::int64_t skipped =
      0;               ///< rows that could not be: endpoint disabled or deleted, event expired
  std::string cursor;  ///< where the next chunk begins
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

/// One minute of one endpoint; of a whole tenant where `endpoint` is 0 (then only `events` is
/// counted).
struct StatRow {
  WallTime minute;
  std::string tenant;
  EndpointId endpoint;
  std::int64_t events = 0;     ///< accepted
  std::int64_t delivered = 0;  ///< deliveries that ended so
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

/// What metrics tell of a database.
struct StoreGauges {
  std::array<std::int64_t, kEndpointStateCount> endpoints{};  ///< by state; those not deleted
  std::int64_t database_bytes = 0;
  std::optional<std::int64_t> wal_bytes{};  ///< of the write-ahead log beside a database file
};

/// The pending deliveries of one endpoint, counted.
struct Backlog {
  EndpointId endpoint;
  EndpointState state = EndpointState::kActive;
  bool circuit_is_open = false;
  std::int64_t due = 0;                     ///< now, and first of their ordering key
  std::int64_t scheduled = 0;               ///< due later
  std::int64_t ordered = 0;                 ///< due now, but behind another of their ordering key
  std::optional<WallTime> oldest_due_at{};  ///< of those that `due` counts
};

}  // namespace postrider
