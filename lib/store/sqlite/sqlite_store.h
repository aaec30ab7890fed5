// The store in one SQLite file.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/change_watch.h"
#include "store/store.h"

namespace postrider::sqlite {

class Db;

/// Opens readers of the database at a path. Thread-safe: each reader has its own connection.
class SqliteReaders final : public StoreReaders {
 public:
  /// `path` names a database that SqliteStore::open() has opened before.
  explicit SqliteReaders(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] Result<std::unique_ptr<StoreReader>> open() override;

 private:
  const std::string path_;
};

/// Checkpoints on its own connection, so that the writer does not wait for it. Owned by one thread.
class SqliteCheckpointer final : public Checkpointer {
 public:
  /// `path` names a database that SqliteStore::open() has opened before.
  [[nodiscard]] static Result<std::unique_ptr<SqliteCheckpointer>> open(const std::string& path);
  SqliteCheckpointer(const SqliteCheckpointer&) = delete;
  SqliteCheckpointer& operator=(const SqliteCheckpointer&) = delete;
  ~SqliteCheckpointer() override;

  [[nodiscard]] Status checkpoint() override;

 private:
  explicit SqliteCheckpointer(std::unique_ptr<Db> db);

  const std::unique_ptr<Db> db_;
};

/// The writing connection. Owned by the writer's thread. There is at most one per file at a time;
/// DatabaseLock ensures this between processes.
class SqliteStore final : public Store {
 public:
  /// Opens, creates or migrates the database. kCorrupt: the file was refused and not changed; the
  /// context is a sentence for people. kBusy: another process has locked the file.
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(const std::string& path);
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;
  ~SqliteStore() override;

  [[nodiscard]] Status begin() override;
  [[nodiscard]] Status commit() override;
  void rollback() override;
  [[nodiscard]] Status savepoint() override;
  [[nodiscard]] Status release_savepoint() override;
  void rollback_to_savepoint() override;
  [[nodiscard]] bool in_transaction() const override;
  /// Returns nothing, because no other node changes the file.
  [[nodiscard]] Result<RemoteChanges> pull_remote_changes() override { return RemoteChanges{}; }

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

  SqliteStore(std::unique_ptr<Db> db, std::int64_t last_id);

  /// Returns the next row id, and keeps the marks in meta ahead of it. Called inside a transaction.
  [[nodiscard]] Result<std::int64_t> draw_id(WallTime now);
  [[nodiscard]] Status raise_marks(std::int64_t id, std::int64_t lead_ms);
  [[nodiscard]] Result<AppendedDelivery> insert_delivery(
      EventId event, const Target& target, const EventDraft& draft, WallTime due_at, WallTime now
  );
  [[nodiscard]] Result<Appended> append_one(const NewEvent& event, WallTime now);
  [[nodiscard]] Status record_send(EndpointId endpoint, MonoTime sent_at, WallTime now);
  /// Records the request of a settlement if a rate limit counts it.
  [[nodiscard]] Status record_sent(const Settlement& settlement, WallTime now);
  [[nodiscard]] Result<Settled> settle_one(const Settlement& settlement, WallTime now);
  /// Counts the attempt and writes the delivery's next state. The number is 0 if the delivery does
  /// not exist.
  [[nodiscard]] Result<Settled> count_attempt(const Settlement& settlement, WallTime now);
  [[nodiscard]] Status apply_next_state(
      const Settlement& settlement, int attempts_count, WallTime now
  );
  [[nodiscard]] Status put_secrets(EndpointId id, const std::vector<EndpointSecret>& secrets);
  /// Examines the endpoint's pending deliveries, from `sweep_` on.
  [[nodiscard]] Status sweep_endpoint(EndpointId endpoint, WallTime created_before, Swept& swept);
  void sweep_row(std::int64_t id, WallTime created_before, Swept& swept);
  [[nodiscard]] Result<std::int64_t> remove_events(EventId first, EventId last);
  [[nodiscard]] Result<RetentionResult> prune_events(WallTime before, std::size_t rows_max);
  void checkpoint_pages();

  const std::unique_ptr<Db> db_;
  IdSequence ids_;
  std::int64_t boot_ = 0;
  IdWatermark watermark_;
  int wal_pages_ = 0;               // in the log after the last commit
  int wal_pages_checkpointed_ = 0;  // in the log when a checkpoint last left some behind, else 0
  EventId prune_after_;             // the next call of retention continues after it
  SweepPlace sweep_;
};

}  // namespace postrider::sqlite
