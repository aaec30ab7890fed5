// The store in a schema of a PostgreSQL database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/postgres/pg_params.h"
#include "store/retention_scan.h"
#include "store/store.h"

namespace postrider::postgres {

class Connection;
class Row;
class Rows;
class Transaction;

/// Opens readers of the database at an address. Thread-safe: each reader has its own session.
class PgReaders final : public StoreReaders {
 public:
  /// `url` names a database that PgStore::open() has migrated.
  explicit PgReaders(std::string url) : url_(std::move(url)) {}

  [[nodiscard]] Result<std::unique_ptr<StoreReader>> open() override;

 private:
  const std::string url_;
};

/// The writing session. Owned by the writer's thread.
///
/// kUnavailable also means that there is no session with the server; the next begin() then tries to
/// open one. It is permanent once other nodes have removed this node, which PgLease::renew()
/// reports.
class PgStore final : public Store {
 public:
  /// The node id of a store that has the database to itself, as in a test.
  static constexpr std::int64_t kNoNode = 0;

  /// Connects and migrates. `node` is PgLease::node(). kCorrupt: the schema was refused and not
  /// changed. kConflict: the schema has an unfinished copy. The context is a sentence for people.
  [[nodiscard]] static Result<std::unique_ptr<PgStore>> open(
      const std::string& url, std::int64_t node
  );
  PgStore(const PgStore&) = delete;
  PgStore& operator=(const PgStore&) = delete;
  ~PgStore() override;

  [[nodiscard]] Status begin() override;
  [[nodiscard]] Status commit() override;
  void rollback() override;
  [[nodiscard]] Status savepoint() override;
  [[nodiscard]] Status release_savepoint() override;
  void rollback_to_savepoint() override;
  [[nodiscard]] bool in_transaction() const override;
  [[nodiscard]] Result<RemoteChanges> pull_remote_changes() override;

  [[nodiscard]] Result<std::vector<Appended>> append(std::span<const NewEvent> events, WallTime now)
      override;
  [[nodiscard]] Result<std::optional<IdempotencyRecord>> idempotency(
      std::string_view tenant, std::string_view key
  ) override;
  [[nodiscard]] Status put_idempotency(
      std::string_view tenant, std::string_view key, const IdempotencyRecord& record, WallTime now
  ) override;
  [[nodiscard]] Result<std::vector<OutboxRow>> outbox(std::size_t rows_max) override;
  [[nodiscard]] Status remove_outbox(std::int64_t row) override;
  [[nodiscard]] Status reject_outbox(std::int64_t row, std::string_view reason, WallTime now)
      override;

  [[nodiscard]] Result<std::vector<Settled>> settle(
      std::span<const Settlement> settlements, WallTime now
  ) override;
  [[nodiscard]] Result<Delivery> delivery(DeliveryId id) override;
  [[nodiscard]] Status change_delivery(const Delivery& delivery) override;
  [[nodiscard]] Result<std::optional<Delivery>> find_delivery(EventId event, EndpointId endpoint)
      override;
  [[nodiscard]] Result<AppendedDelivery> add_delivery(
      const Event& event, const Target& target, WallTime now
  ) override;
  [[nodiscard]] Result<Event> event(EventId id) override;
  [[nodiscard]] Result<DeliveryChunk> dead_letters_from(
      const DeadLetterFilter& filter, std::size_t rows_max, std::string& cursor
  ) override;

  [[nodiscard]] Result<std::vector<Delivery>> expire(WallTime now, std::size_t rows_max) override;
  [[nodiscard]] Result<std::vector<Delivery>> expire_disabled(
      WallTime disabled_before, WallTime now, std::size_t rows_max
  ) override;
  [[nodiscard]] Result<std::vector<Delivery>> expire_waiting(
      EndpointId endpoint, WallTime due_until, WallTime now, std::size_t rows_max
  ) override;
  [[nodiscard]] Result<std::vector<Delivery>> cancel_deleted(WallTime now, std::size_t rows_max)
      override;
  [[nodiscard]] Result<RetentionResult> prune(
      WallTime before, WallTime keys_before, std::size_t rows_max
  ) override;
  [[nodiscard]] Result<std::vector<EndpointId>> prune_secrets(WallTime now) override;

  [[nodiscard]] Result<EndpointId> add_endpoint(const Endpoint& endpoint, WallTime now) override;
  [[nodiscard]] Status put_endpoint(const Endpoint& endpoint) override;
  [[nodiscard]] Result<std::vector<FailingEndpoint>> failing_endpoints() override;
  [[nodiscard]] Status put_endpoint_health(
      EndpointId id,
      std::optional<WallTime> failing_since,
      std::int64_t failed_attempts_count,
      const std::optional<OpenCircuit>& circuit
  ) override;
  [[nodiscard]] Status delete_endpoint(EndpointId id, WallTime now) override;

  void set_boot(std::int64_t boot) override { boot_ = boot; }
  [[nodiscard]] Status rebase_sends(EndpointId endpoint, MonoTime now) override;
  [[nodiscard]] Status assume_sends(
      EndpointId endpoint, std::size_t count_max, WallTime now, MonoTime sent_at
  ) override;
  [[nodiscard]] Status forget_sends(EndpointId endpoint) override;

  [[nodiscard]] Result<KeyId> add_api_key(const ApiKey& key, WallTime now) override;
  [[nodiscard]] Status delete_api_key(KeyId id) override;
  [[nodiscard]] Status record_api_key_uses(std::span<const ApiKeyUse> uses) override;
  [[nodiscard]] Result<EventType> event_type(std::string_view name) override;
  [[nodiscard]] Status add_event_type(const EventType& type) override;
  [[nodiscard]] Status put_event_type(const EventType& type) override;
  [[nodiscard]] Status delete_event_type(std::string_view name) override;
  [[nodiscard]] Result<TaskId> add_task(const Task& task, WallTime now) override;
  [[nodiscard]] Result<Task> task(TaskId id) override;
  [[nodiscard]] Status put_task(const Task& task) override;
  [[nodiscard]] Status add_stats(std::span<const StatRow> rows) override;
  [[nodiscard]] Status put_last_outcomes(std::span<const LastOutcomes> outcomes) override;

  [[nodiscard]] Status write_probe(WallTime now) override;
  [[nodiscard]] Status release_space() override;

 private:
  struct IdWatermark {
    std::int64_t reserved = 0;  ///< ids up to here may be drawn without writing meta
    std::int64_t lead_ms = 0;   ///< as stored in meta
  };
  /// The delivery that expire_disabled() examined last.
  struct SweepPlace {
    EndpointId endpoint;
    bool in_lines = false;  ///< all unordered deliveries were examined
    std::int64_t due_at_ms = 0;
    std::string lane_key;
    std::int64_t id = 0;
  };
  /// The progress of one call of expire_disabled().
  struct Swept {
    std::size_t rows_max = 0;
    std::size_t looked_at = 0;
    bool ended = false;  ///< it has examined or found as many rows as it may
    std::vector<DeliveryId> found;
  };

  PgStore(std::unique_ptr<Connection> db, std::int64_t node);

  /// The versions of the data that nodes cache.
  struct Versions {
    std::int64_t endpoints = 0;
    std::int64_t settings = 0;
  };
  /// The cached data that the transaction changes.
  struct Changed {
    Array<EndpointId> endpoints;
    bool settings = false;
  };

  /// Reads which ids were drawn, and the current versions.
  [[nodiscard]] Status load();
  [[nodiscard]] static Versions read_versions(const Row& row);
  /// Reads the endpoints that were changed after the versions in `known_`.
  [[nodiscard]] Status read_changed(RemoteChanges& changes);
  /// Checks that a statement has changed the endpoint: kNotFound if it does not exist, kBusy if
  /// another node has changed it.
  [[nodiscard]] Status changed_endpoint(EndpointId id, const Result<Rows>& changed);
  /// Queues the new versions and the notification of other nodes. This takes the last locks of the
  /// transaction, so it cannot deadlock.
  void queue_raised_versions();
  [[nodiscard]] Status ready();
  /// Returns the next row id. Queues the updates that keep the marks ahead of it.
  [[nodiscard]] std::int64_t draw_id(WallTime now);
  /// Queues statements that replace the endpoint's secrets.
  void queue_secrets(EndpointId id, const std::vector<EndpointSecret>& secrets);
  /// Queues the records of requests that count against rate limits.
  void queue_sends(std::span<const Settlement> settlements, WallTime now);
  /// Examines the endpoint's pending deliveries, from `sweep_` on.
  [[nodiscard]] Status sweep_endpoint(EndpointId endpoint, WallTime created_before, Swept& swept);
  /// sweep_free() examines a part of the unordered deliveries, sweep_lines() of the ordered ones.
  /// Both return false after the last part.
  [[nodiscard]] Result<bool> sweep_free(WallTime created_before, Swept& swept);
  [[nodiscard]] Result<bool> sweep_lines(WallTime created_before, Swept& swept);
  void sweep_row(std::int64_t id, WallTime created_before, Swept& swept);
  /// Locks the deliveries, and drops those that were replayed or discarded since they were read.
  [[nodiscard]] Status hold(std::vector<Delivery>& dead);
  [[nodiscard]] Result<RetentionResult> prune_events(WallTime before, std::size_t rows_max);
  /// Returns the number of removed rows; 0 if another transaction has replayed one of the events.
  [[nodiscard]] Result<std::int64_t> remove_events(const std::vector<EventRange>& runs);

  const std::unique_ptr<Connection> db_;
  const std::unique_ptr<Transaction> transaction_;
  const std::int64_t node_;
  unsigned slot_ = 0;  // the node's slot of ids
  IdSequence ids_;
  Versions known_;
  Changed changed_;
  Changed changed_before_;  // at the savepoint
  std::int64_t boot_ = 0;
  IdWatermark watermark_;
  EventId prune_after_;  // the next call of retention continues after it
  SweepPlace sweep_;
};

}  // namespace postrider::postgres
