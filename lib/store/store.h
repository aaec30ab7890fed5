// The writing side of a store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/reader.h"
#include "store/records.h"

namespace postrider {

/// The durable state. Implementations: store/sqlite, store/postgres. Each passes tests/contract.
///
/// Owned by the writer's thread. Every change happens between begin() and commit(). Once commit()
/// has returned, the changes survive a loss of power. A savepoint around each command lets one
/// command fail alone. All calls may return `kUnavailable` (no space, or no session with the
/// server) and `kBusy` (another process has locked the database); nothing was changed in both
/// cases.
///
/// "Locked" below: where nodes share a database, the row that the call reads is the last committed
/// version, and no other node changes it before the transaction ends.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // Transactions.

  [[nodiscard]] virtual Status begin() = 0;
  /// On error the transaction was rolled back, with one exception: after kUnavailable from a server
  /// that no longer answers, it may have been committed. Which of both is certain once begin() has
  /// succeeded again.
  [[nodiscard]] virtual Status commit() = 0;
  virtual void rollback() = 0;
  [[nodiscard]] virtual Status savepoint() = 0;
  [[nodiscard]] virtual Status release_savepoint() = 0;
  /// Undoes the changes since the savepoint, and ends it.
  virtual void rollback_to_savepoint() = 0;
  /// False if the database has ended the transaction itself, for example because the disk is full
  /// or the session with the server ended.
  [[nodiscard]] virtual bool in_transaction() const = 0;

  // Nodes that share the database.

  /// Returns what other nodes have committed since the last call, or since the store was opened.
  /// Where nodes share the database, it also returns this node's own changes, with their versions.
  /// Called first in a transaction: later reads see at least these changes, and every id that the
  /// transaction draws is larger than all committed ids.
  [[nodiscard]] virtual Result<RemoteChanges> pull_remote_changes() = 0;

  // Events.

  /// Adds events with their deliveries, which are pending and due at `now` or `deliver_at`. Results
  /// are in the order of `events`. The endpoints of an event must exist and differ; otherwise this
  /// call or the commit fails.
  [[nodiscard]] virtual Result<std::vector<Appended>> append(
      std::span<const NewEvent> events, WallTime now
  ) = 0;
  /// Locks the key: a concurrent request with the same key waits for this transaction.
  [[nodiscard]] virtual Result<std::optional<IdempotencyRecord>> idempotency(
      std::string_view tenant, std::string_view key
  ) = 0;
  [[nodiscard]] virtual Status put_idempotency(
      std::string_view tenant, std::string_view key, const IdempotencyRecord& record, WallTime now
  ) = 0;
  /// Returns the oldest rows that producers have inserted.
  [[nodiscard]] virtual Result<std::vector<OutboxRow>> outbox(std::size_t rows_max) = 0;
  /// kBusy if another node has taken the row since it was read.
  [[nodiscard]] virtual Status remove_outbox(std::int64_t row) = 0;
  /// Moves a row to outbox_rejected. kBusy as for remove_outbox().
  [[nodiscard]] virtual Status reject_outbox(
      std::int64_t row, std::string_view reason, WallTime now
  ) = 0;

  // Deliveries.

  /// Records attempts and the next states of their deliveries. `delivered` applies to any pending
  /// delivery; any other state applies only if the delivery is still in the round of the request.
  /// Results are in the order of `settlements`; `number` is 0 if retention has removed the
  /// delivery. Requests that count against a rate limit are recorded for its period.
  [[nodiscard]] virtual Result<std::vector<Settled>> settle(
      std::span<const Settlement> settlements, WallTime now
  ) = 0;
  /// Returns the delivery as this transaction sees it. Locked.
  [[nodiscard]] virtual Result<Delivery> delivery(DeliveryId id) = 0;
  /// Writes a person's change of a delivery: state, due_at, attempts of the schedule, dead_reason,
  /// finished_at and discarded. Increments its round. service/transitions.h decides what is
  /// allowed.
  [[nodiscard]] virtual Status change_delivery(const Delivery& delivery) = 0;
  /// Returns the delivery of an event for an endpoint, if there is one. Locked.
  [[nodiscard]] virtual Result<std::optional<Delivery>> find_delivery(
      EventId event, EndpointId endpoint
  ) = 0;
  /// Adds a delivery of an existing event for an existing endpoint. If there is one already, this
  /// call or the commit fails.
  [[nodiscard]] virtual Result<AppendedDelivery> add_delivery(
      const Event& event, const Target& target, WallTime now
  ) = 0;
  /// Locked: retention does not remove the event, and no other transaction replays it.
  [[nodiscard]] virtual Result<Event> event(EventId id) = 0;
  /// Returns dead letters that match the filter, earliest death first, from `cursor` on, and moves
  /// `cursor` behind them. Locked. Examines a bounded number of rows, so a chunk may be short or
  /// empty before the end.
  [[nodiscard]] virtual Result<DeliveryChunk> dead_letters_from(
      const DeadLetterFilter& filter, std::size_t rows_max, std::string& cursor
  ) = 0;

  // Sweeps. Each changes up to rows_max deliveries, increments their rounds, and returns them as
  // changed. Rows that another node has locked are left to the next call.

  /// Marks pending deliveries of expired events as dead (expired).
  [[nodiscard]] virtual Result<std::vector<Delivery>> expire(
      WallTime now, std::size_t rows_max
  ) = 0;
  /// Marks deliveries that have waited for a disabled endpoint since before `disabled_before` as
  /// dead (endpoint_disabled). The wait starts with the delivery's creation or the endpoint's
  /// disabling, whichever is later. Examines a bounded number of rows and continues there in the
  /// next call, so an empty result does not mean that none are left.
  [[nodiscard]] virtual Result<std::vector<Delivery>> expire_disabled(
      WallTime disabled_before, WallTime now, std::size_t rows_max
  ) = 0;
  /// Marks deliveries of the endpoint that were due at `due_until` or before as dead
  /// (attempts_exhausted): they have waited too long behind an open circuit.
  [[nodiscard]] virtual Result<std::vector<Delivery>> expire_waiting(
      EndpointId endpoint, WallTime due_until, WallTime now, std::size_t rows_max
  ) = 0;
  /// Cancels pending deliveries of deleted endpoints.
  [[nodiscard]] virtual Result<std::vector<Delivery>> cancel_deleted(
      WallTime now, std::size_t rows_max
  ) = 0;
  /// Removes old rows: events that were created before `before` and have no pending delivery, with
  /// their deliveries and attempts; idempotency keys older than `keys_before`; and rejected outbox
  /// rows, finished tasks, statistics and deleted endpoints older than `before`. Removes about
  /// `rows_max` rows per call. An event is removed whole, and stays if another transaction has
  /// started to replay it. Several calls make a pass; an event that has to stay is examined once
  /// per pass, not once per call.
  [[nodiscard]] virtual Result<RetentionResult> prune(
      WallTime before, WallTime keys_before, std::size_t rows_max
  ) = 0;
  /// Removes secrets that expired before `now`. Returns the endpoints that had one.
  [[nodiscard]] virtual Result<std::vector<EndpointId>> prune_secrets(WallTime now) = 0;

  // Endpoints.

  /// Stores a new endpoint and returns its new id.
  [[nodiscard]] virtual Result<EndpointId> add_endpoint(const Endpoint& endpoint, WallTime now) = 0;
  /// Replaces config, state, secrets and round of an endpoint that is not deleted; its health
  /// stays. kBusy if another node has changed it since the transaction's pull_remote_changes().
  [[nodiscard]] virtual Status put_endpoint(const Endpoint& endpoint) = 0;
  /// Returns the health of all failing endpoints, by id.
  [[nodiscard]] virtual Result<std::vector<FailingEndpoint>> failing_endpoints() = 0;
  /// Sets the health of an endpoint. kBusy as for put_endpoint().
  [[nodiscard]] virtual Status put_endpoint_health(
      EndpointId id,
      std::optional<WallTime> failing_since,
      std::int64_t failed_attempts_count,
      const std::optional<OpenCircuit>& circuit
  ) = 0;
  [[nodiscard]] virtual Status delete_endpoint(EndpointId id, WallTime now) = 0;

  // Recorded requests, which count against rate limits. settle() adds to them.

  /// Sets the boot whose monotonic clock later instants come from; see Clock::boot().
  virtual void set_boot(std::int64_t boot) = 0;
  /// Requests to the endpoint that were recorded by the monotonic clock of another boot count as
  /// sent at `now`.
  [[nodiscard]] virtual Status rebase_sends(EndpointId endpoint, MonoTime now) = 0;
  /// Records requests that may have been in flight when a process ended as sent at `sent_at`: one
  /// for each due delivery of the endpoint, up to `count_max`.
  [[nodiscard]] virtual Status assume_sends(
      EndpointId endpoint, std::size_t count_max, WallTime now, MonoTime sent_at
  ) = 0;
  [[nodiscard]] virtual Status forget_sends(EndpointId endpoint) = 0;

  // Keys, event types, tasks, statistics.

  [[nodiscard]] virtual Result<KeyId> add_api_key(const ApiKey& key, WallTime now) = 0;
  [[nodiscard]] virtual Status delete_api_key(KeyId id) = 0;
  /// Sets the last use of keys, unless a later one is stored. Ignores deleted keys.
  [[nodiscard]] virtual Status record_api_key_uses(std::span<const ApiKeyUse> uses) = 0;
  /// Locked.
  [[nodiscard]] virtual Result<EventType> event_type(std::string_view name) = 0;
  /// kConflict if the name is taken.
  [[nodiscard]] virtual Status add_event_type(const EventType& type) = 0;
  [[nodiscard]] virtual Status put_event_type(const EventType& type) = 0;
  [[nodiscard]] virtual Status delete_event_type(std::string_view name) = 0;
  [[nodiscard]] virtual Result<TaskId> add_task(const Task& task, WallTime now) = 0;
  /// Locked.
  [[nodiscard]] virtual Result<Task> task(TaskId id) = 0;
  /// Writes state, done, skipped, cursor, error and updated_at.
  [[nodiscard]] virtual Status put_task(const Task& task) = 0;
  /// Adds the counts to the stored rows.
  [[nodiscard]] virtual Status add_stats(std::span<const StatRow> rows) = 0;
  /// Replaces the given outcomes and the backpressure of each endpoint; missing outcomes stay.
  /// Ignores deleted endpoints.
  [[nodiscard]] virtual Status put_last_outcomes(std::span<const LastOutcomes> outcomes) = 0;

  // The file.

  /// Changes a small row that nothing reads, so that the commit has to write: an empty transaction
  /// commits even if there is no space.
  [[nodiscard]] virtual Status write_probe(WallTime now) = 0;
  /// Returns some of the space that retention has freed to the file system.
  [[nodiscard]] virtual Status release_space() = 0;
};

/// Opens readers. Thread-safe.
class StoreReaders {
 public:
  StoreReaders() = default;
  StoreReaders(const StoreReaders&) = delete;
  StoreReaders& operator=(const StoreReaders&) = delete;
  virtual ~StoreReaders() = default;

  [[nodiscard]] virtual Result<std::unique_ptr<StoreReader>> open() = 0;
};

}  // namespace postrider
