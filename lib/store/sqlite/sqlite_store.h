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

/// Opens readers of the database at a path. Thread-safe: a reader is a connection of its own.
class SqliteReaders final : public StoreReaders {
 public:
  /// `path`: a database that SqliteStore::open has made.
  explicit SqliteReaders(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] Result<std::unique_ptr<StoreReader>> open() override;

 private:
  const std::string path_;
};

/// Checkpoints over a connection of its own, so that the writer does not wait for it. Owned by one
/// thread.
class SqliteCheckpointer final : public Checkpointer {
 public:
  /// `path`: a database that SqliteStore::open has made.
  [[nodiscard]] static Result<std::unique_ptr<SqliteCheckpointer>> open(const std::string& path);
  SqliteCheckpointer(const SqliteCheckpointer&) = delete;
  SqliteCheckpointer& operator=(const SqliteCheckpointer&) = delete;
  ~SqliteCheckpointer() override;

  [[nodiscard]] Status checkpoint() override;

 private:
  explicit SqliteCheckpointer(std::unique_ptr<Db> db);

  const std::unique_ptr<Db> db_;
};

/// The writing connection. Owned by the writer's thread; at most one per file at a time, which
/// DatabaseLock sees to between processes.
class SqliteStore final : public Store {
 public:
  /// Opens, makes or migrates the database. kCorrupt: the file was refused and left as it is; the
  /// context is a sentence for people. kBusy: somebody else holds its lock.
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
  /// Nobody else changes the file.
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

  SqliteStore(std::unique_ptr<Db> db, std::int64_t last_id);

  /// The next row id; keeps meta's marks ahead of it. Inside a transaction.
  [[nodiscard]] Result<std::int64_t> draw_id(WallTime now);
  [[nodiscard]] Status raise_marks(std::int64_t id, std::int64_t lead_ms);
  [[nodiscard]] Result<AppendedDelivery> insert_delivery(
      EventId event, const Target& target, const EventDraft& draft, WallTime due_at, WallTime now
  );
  [[nodiscard]] Result<Appended> append_one(const NewEvent& event, WallTime now);
  [[nodiscard]] Status record_send(EndpointId endpoint, MonoTime sent_at, WallTime now);
  /// Records the request of a settlement when a rate limit counts it.
  [[nodiscard]] Status record_sent(const Settlement& settlement, WallTime now);
  [[nodiscard]] Result<Settled> settle_one(const Settlement& settlement, WallTime now);
  /// Counts the attempt and writes what the delivery becomes by it. Number 0: there is no delivery.
  [[nodiscard]] Result<Settled> count_attempt(const Settlement& settlement, WallTime now);
  [[nodiscard]] Status apply_next_state(
      const Settlement& settlement, int attempts_count, WallTime now
  );
  [[nodiscard]] Status put_secrets(EndpointId id, const std::vector<EndpointSecret>& secrets);
  /// Goes on where `sweep_` is, through what waits for the endpoint.
  [[nodiscard]] Status sweep_endpoint(EndpointId endpoint, WallTime created_before, Swept& swept);
  void sweep_row(std::int64_t id, WallTime created_before, Swept& swept);
  [[nodiscard]] Result<std::int64_t> remove_events(EventId first, EventId last);
  [[nodiscard]] Result<RetentionResult> prune_events(WallTime before, std::size_t rows_max);
  void checkpoint_pages();

  const std::unique_ptr<Db> db_;
  IdSequence ids_;
  std::int64_t boot_ = 0;
  IdWatermark watermark_;
  int wal_pages_ = 0;               // of the log after the last commit
  int wal_pages_checkpointed_ = 0;  // of them, when it was last tried
  EventId prune_after_;             // where the next chunk of retention's pass begins
  SweepPlace sweep_;
};

}  // namespace postrider::sqlite
