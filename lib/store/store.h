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

/// The durable outbox. Implementations: store/sqlite, store/postgres. Each passes tests/contract.
///
/// Owned by the writer's thread. Every change happens between begin() and commit(); once commit()
/// has returned, losing power keeps all of it. A savepoint around each command lets one fail alone.
/// `kUnavailable`: there is no space, or no session with the server; `kBusy`: the database is
/// locked by somebody else; nothing was changed in both cases.
///
/// Where nodes share a database, what a command reads here to change it is held until its
/// transaction ends: it is as the last of all committed it, and nobody else changes it meanwhile.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // Transactions.

  [[nodiscard]] virtual Status begin() = 0;
  /// An error leaves nothing of the transaction; it has been rolled back. Only when kUnavailable is
  /// of a server that answers no more may it have been committed. Once begin() has succeeded again
  /// it is one or the other for good.
  [[nodiscard]] virtual Status commit() = 0;
  virtual void rollback() = 0;
  [[nodiscard]] virtual Status savepoint() = 0;
  [[nodiscard]] virtual Status release_savepoint() = 0;
  /// Undoes what came after the savepoint and ends it.
  virtual void rollback_to_savepoint() = 0;
  /// False when the database ended the transaction by itself, as it may when the disk is full or
  /// the session with the server ends.
  [[nodiscard]] virtual bool in_transaction() const = 0;

  // Nodes that share the database.

  /// What others have changed since the last call, or since the store was opened; where nodes share
  /// the database also what this one has, with the versions that it then has. The first of a
  /// transaction: what it reads and writes from then on follows from nothing older, and no id that
  /// it draws is below those that were committed before.
  [[nodiscard]] virtual Result<RemoteChanges> pull_remote_changes() = 0;

  // Events.

  /// Adds events with their deliveries, pending and due at `now` or `deliver_at`. In the order
  /// given. The endpoints of an event exist and differ: where they do not, this or the commit
  /// fails.
  [[nodiscard]] virtual Result<std::vector<Appended>> append(
      std::span<const NewEvent> events, WallTime now
  ) = 0;
  /// Nobody else is told of the key before the transaction ends.
  [[nodiscard]] virtual Result<std::optional<IdempotencyRecord>> idempotency(
      std::string_view tenant, std::string_view key
  ) = 0;
  [[nodiscard]] virtual Status put_idempotency(
      std::string_view tenant, std::string_view key, const IdempotencyRecord& record, WallTime now
  ) = 0;
  /// The oldest rows that producers inserted.
  [[nodiscard]] virtual Result<std::vector<OutboxRow>> outbox(std::size_t rows_max) = 0;
  /// kBusy when another node has taken the row up since it was read.
  [[nodiscard]] virtual Status remove_outbox(std::int64_t row) = 0;
  /// Moves a row to outbox_rejected. kBusy likewise.
  [[nodiscard]] virtual Status reject_outbox(
      std::int64_t row, std::string_view reason, WallTime now
  ) = 0;

  // Deliveries.

  /// Records attempts and their next states. `delivered` applies to any pending delivery,
  /// everything else only in the round it was sent in. Results in the order given; `number` is 0
  /// where retention has removed the delivery. Requests that a rate limit counts are remembered for
  /// its period.
  [[nodiscard]] virtual Result<std::vector<Settled>> settle(
      std::span<const Settlement> settlements, WallTime now
  ) = 0;
  /// The delivery as this transaction sees it, held.
  [[nodiscard]] virtual Result<Delivery> delivery(DeliveryId id) = 0;
  /// Writes a person's change of a delivery: state, due_at, counts of the schedule, dead_reason,
  /// finished_at, discarded; and raises its round. What is allowed is decided by
  /// service/transitions.h.
  [[nodiscard]] virtual Status change_delivery(const Delivery& delivery) = 0;
  /// The delivery of an event for an endpoint, when there is one, held.
  [[nodiscard]] virtual Result<std::optional<Delivery>> find_delivery(
      EventId event, EndpointId endpoint
  ) = 0;
  /// The event and the endpoint exist and have none yet: otherwise this or the commit fails.
  [[nodiscard]] virtual Result<AppendedDelivery> add_delivery(
      const Event& event, const Target& target, WallTime now
  ) = 0;
  /// Held: retention leaves it and nobody else replays it.
  [[nodiscard]] virtual Result<Event> event(EventId id) = 0;
  /// Deliveries of the filter in the order of their death, from `cursor` on, held; moves `cursor`
  /// behind them. Looks at a bounded number of rows, so a chunk may be short or empty before the
  /// end.
  [[nodiscard]] virtual Result<DeliveryChunk> dead_letters_from(
      const DeadLetterFilter& filter, std::size_t rows_max, std::string& cursor
  ) = 0;

  // Sweeps: each changes up to rows_max deliveries and returns them as they are now. Rounds are
  // raised. What another node holds is left to the next call.

  /// Pending deliveries whose event has expired become dead (expired).
  [[nodiscard]] virtual Result<std::vector<Delivery>> expire(
      WallTime now, std::size_t rows_max
  ) = 0;
  /// What has waited for a disabled endpoint since before `disabled_before` becomes dead
  /// (endpoint_disabled): waiting counts from the later of the delivery's creation and the
  /// endpoint's disabling. Looks at a bounded number of rows and goes on there at the next call, so
  /// an empty answer does not mean that nothing is left.
  [[nodiscard]] virtual Result<std::vector<Delivery>> expire_disabled(
      WallTime disabled_before, WallTime now, std::size_t rows_max
  ) = 0;
  /// What was due for the endpoint at `due_until` or before becomes dead (attempts_exhausted): it
  /// has waited behind an open circuit for long enough.
  [[nodiscard]] virtual Result<std::vector<Delivery>> expire_waiting(
      EndpointId endpoint, WallTime due_until, WallTime now, std::size_t rows_max
  ) = 0;
  /// Pending deliveries of deleted endpoints become cancelled.
  [[nodiscard]] virtual Result<std::vector<Delivery>> cancel_deleted(
      WallTime now, std::size_t rows_max
  ) = 0;
  /// Removes events created before `before` all of whose deliveries are final, with these and their
  /// attempts; and idempotency keys older than `keys_before`, rejected outbox rows, finished tasks,
  /// statistics and what is left of deleted endpoints older than `before`. About `rows_max` rows
  /// per call: an event goes whole, or stays when somebody has begun to replay it. Calls make up a
  /// pass; events that have to stay are looked at once per pass, not once per call.
  [[nodiscard]] virtual Result<RetentionResult> prune(
      WallTime before, WallTime keys_before, std::size_t rows_max
  ) = 0;
  /// Removes secrets that expired before `now`. Returns the endpoints that lost one.
  [[nodiscard]] virtual Result<std::vector<EndpointId>> prune_secrets(WallTime now) = 0;

  // Endpoints.

  /// Stores a new endpoint and draws its id.
  [[nodiscard]] virtual Result<EndpointId> add_endpoint(const Endpoint& endpoint, WallTime now) = 0;
  /// Replaces config, state, secrets and round of an endpoint that is not deleted; its health
  /// stays. kBusy: another node has changed it since the transaction's pull_remote_changes().
  [[nodiscard]] virtual Status put_endpoint(const Endpoint& endpoint) = 0;
  /// The health of those that are failing, by id.
  [[nodiscard]] virtual Result<std::vector<FailingEndpoint>> failing_endpoints() = 0;
  /// Sets what settling knows of an endpoint. kBusy as for put_endpoint().
  [[nodiscard]] virtual Status put_endpoint_health(
      EndpointId id,
      std::optional<WallTime> failing_since,
      std::int64_t failed_attempts_count,
      const std::optional<OpenCircuit>& circuit
  ) = 0;
  [[nodiscard]] virtual Status delete_endpoint(EndpointId id, WallTime now) = 0;

  // What counts against rate limits; settle() adds to it.

  /// Instants are of the monotonic clock of that boot from now on; see Clock::boot().
  virtual void set_boot(std::int64_t boot) = 0;
  /// What was sent to the endpoint by another clock than this process's, which shows `now`, counts
  /// as sent now.
  [[nodiscard]] virtual Status rebase_sends(EndpointId endpoint, MonoTime now) = 0;
  /// Counts what may have been in flight when a process ended as sent at `sent_at`: one request for
  /// each pending delivery of the endpoint that is due, up to `count_max`.
  [[nodiscard]] virtual Status assume_sends(
      EndpointId endpoint, std::size_t count_max, WallTime now, MonoTime sent_at
  ) = 0;
  [[nodiscard]] virtual Status forget_sends(EndpointId endpoint) = 0;

  // Keys, event types, tasks, statistics.

  [[nodiscard]] virtual Result<KeyId> add_api_key(const ApiKey& key, WallTime now) = 0;
  [[nodiscard]] virtual Status delete_api_key(KeyId id) = 0;
  /// Each key keeps its latest use. Keys that are no more are passed over.
  [[nodiscard]] virtual Status record_api_key_uses(std::span<const ApiKeyUse> uses) = 0;
  /// Held.
  [[nodiscard]] virtual Result<EventType> event_type(std::string_view name) = 0;
  /// kConflict when the name is taken.
  [[nodiscard]] virtual Status add_event_type(const EventType& type) = 0;
  [[nodiscard]] virtual Status put_event_type(const EventType& type) = 0;
  [[nodiscard]] virtual Status delete_event_type(std::string_view name) = 0;
  [[nodiscard]] virtual Result<TaskId> add_task(const Task& task, WallTime now) = 0;
  /// Held.
  [[nodiscard]] virtual Result<Task> task(TaskId id) = 0;
  /// Writes state, done, skipped, cursor, error and updated_at.
  [[nodiscard]] virtual Status put_task(const Task& task) = 0;
  /// Adds to the rows that are there.
  [[nodiscard]] virtual Status add_stats(std::span<const StatRow> rows) = 0;
  /// Replaces what is given of each endpoint and its backpressure, and leaves the rest. Endpoints
  /// that are no more are passed over.
  [[nodiscard]] virtual Status put_last_outcomes(std::span<const LastOutcomes> outcomes) = 0;

  // The file.

  /// Changes a small row that nobody reads. An empty transaction commits even where there is no
  /// space; with this in it the commit has to write.
  [[nodiscard]] virtual Status write_probe(WallTime now) = 0;
  /// Gives a little of the space that retention freed back to the file system.
  [[nodiscard]] virtual Status release_space() = 0;
};

/// Opens readers; thread-safe. The composition root hands it to whoever starts threads that read.
class StoreReaders {
 public:
  StoreReaders() = default;
  StoreReaders(const StoreReaders&) = delete;
  StoreReaders& operator=(const StoreReaders&) = delete;
  virtual ~StoreReaders() = default;

  [[nodiscard]] virtual Result<std::unique_ptr<StoreReader>> open() = 0;
};

}  // namespace postrider
