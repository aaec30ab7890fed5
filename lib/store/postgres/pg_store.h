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

/// Opens readers of the database at an address. Thread-safe: a reader is a session of its own.
class PgReaders final : public StoreReaders {
 public:
  /// `url`: of a database that PgStore::open has migrated.
  explicit PgReaders(std::string url) : url_(std::move(url)) {}

  [[nodiscard]] Result<std::unique_ptr<StoreReader>> open() override;

 private:
  const std::string url_;
};

/// The writing session. Owned by the writer's thread.
///
/// kUnavailable also when there is no session with the server: the next begin() tries to make one;
/// and for good once others have removed this node, which learns it from a PgLease.
class PgStore final : public Store {
 public:
  /// Of who is alone with the database, as in a test.
  static constexpr std::int64_t kNoNode = 0;

  /// Connects and migrates. `node`: PgLease::node(). kCorrupt: the schema was refused and left as
  /// it is; kConflict: it holds a copy that is not finished; the context is a sentence for people.
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
    std::int64_t lead_ms = 0;   ///< as meta knows it
  };
  /// The delivery that expire_disabled() looked at last.
  struct SweepPlace {
    EndpointId endpoint;
    bool in_lines = false;  ///< it is through with those that wait in no line
    std::int64_t due_at_ms = 0;
    std::string lane_key;
    std::int64_t id = 0;
  };
  /// What a call of expire_disabled() has come across.
  struct Swept {
    std::size_t rows_max = 0;
    std::size_t looked_at = 0;
    bool ended = false;  ///< it has looked at, or found, as much as it may
    std::vector<DeliveryId> found;
  };

  PgStore(std::unique_ptr<Connection> db, std::int64_t node);

  /// Of what nodes keep copies of.
  struct Versions {
    std::int64_t endpoints = 0;
    std::int64_t settings = 0;
  };
  /// What the transaction changes of it.
  struct Changed {
    Array<EndpointId> endpoints;
    bool settings = false;
  };

  /// Learns which ids have been drawn, and what the database's versions are.
  [[nodiscard]] Status load();
  [[nodiscard]] static Versions read_versions(const Row& row);
  /// Endpoints that were changed after `known_`.
  [[nodiscard]] Status read_changed(RemoteChanges& changes);
  /// Whether a statement found the endpoint as it is known.
  [[nodiscard]] Status changed_endpoint(EndpointId id, const Result<Rows>& changed);
  /// Queues what tells other nodes of the transaction's changes. It takes the last locks of it:
  /// they are waited for by nobody who holds others.
  void queue_raised_versions();
  [[nodiscard]] Status ready();
  /// The next row id. Queues what keeps meta's marks ahead of it.
  [[nodiscard]] std::int64_t draw_id(WallTime now);
  /// Queues the deletion of secrets and the insertion of others.
  void queue_secrets(EndpointId id, const std::vector<EndpointSecret>& secrets);
  /// Queues what the settlements' rate limits count.
  void queue_sends(std::span<const Settlement> settlements, WallTime now);
  /// Goes on where `sweep_` is, through what waits for the endpoint.
  [[nodiscard]] Status sweep_endpoint(EndpointId endpoint, WallTime created_before, Swept& swept);
  /// A part of that; false when there is no further one.
  [[nodiscard]] Result<bool> sweep_free(WallTime created_before, Swept& swept);
  [[nodiscard]] Result<bool> sweep_lines(WallTime created_before, Swept& swept);
  void sweep_row(std::int64_t id, WallTime created_before, Swept& swept);
  /// Keeps others from changing them; drops those that somebody has changed.
  [[nodiscard]] Status hold(std::vector<Delivery>& dead);
  [[nodiscard]] Result<RetentionResult> prune_events(WallTime before, std::size_t rows_max);
  /// Returns how many rows went: none when somebody is about to replay one of the events.
  [[nodiscard]] Result<std::int64_t> remove_events(const std::vector<EventRange>& runs);

  const std::unique_ptr<Connection> db_;
  const std::unique_ptr<Transaction> transaction_;
  const std::int64_t node_;
  unsigned slot_ = 0;  // of the node
  IdSequence ids_;
  Versions known_;
  Changed changed_;
  Changed changed_before_;  // the savepoint
  std::int64_t boot_ = 0;
  IdWatermark watermark_;
  EventId prune_after_;  // where the next chunk of retention's pass begins
  SweepPlace sweep_;
};

}  // namespace postrider::postgres
