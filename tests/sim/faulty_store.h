// A real store that fails on request.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

#include "tests/sim/canary.h"
#include "tests/sim/plan.h"
#include "tests/sim/shared_database.h"

namespace postrider::sim {

/// Thrown through the code under test: the process is gone from here on.
struct Crash {};

/// What the decorators do, and what they saw of the transaction that is open or was last.
struct StoreControl {
  const Plan* plan = nullptr;
  Prng prng{0};
  Canary canary = Canary::kNone;
  bool faults = true;
  bool replaced = false;  ///< another node has the database now
  bool committed = false;
  std::vector<Settlement> settled;  ///< that the store took
  int probes = 0;                   ///< number of requested probes
  bool away = false;                ///< nothing reaches the database
  bool others_refresh = false;      ///< the transaction has changed what all nodes know

  [[nodiscard]] bool happens(double p) { return faults && chance(prng, p); }
};

class FaultyStore : public Store {
 public:
  /// `control` outlives it.
  FaultyStore(std::unique_ptr<Store> inner, StoreControl& control)
      : own_(std::move(inner)), inner_(own_.get()), control_(control), session_(nullptr) {}
  /// Makes the store of a node that shares the database. All arguments outlive it.
  FaultyStore(Store& shared, StoreControl& control, SharedSession& session)
      : inner_(&shared), control_(control), session_(&session) {}
  /// A process that is gone leaves no transaction.
  ~FaultyStore() override { inner_->rollback(); }

  [[nodiscard]] Status begin() override;
  [[nodiscard]] Status commit() override;
  void rollback() override;
  [[nodiscard]] Status savepoint() override { return inner_->savepoint(); }
  [[nodiscard]] Status release_savepoint() override;
  void rollback_to_savepoint() override;
  [[nodiscard]] bool in_transaction() const override { return inner_->in_transaction(); }

  [[nodiscard]] Result<std::vector<Appended>> append(std::span<const NewEvent> events, WallTime now)
      override;
  [[nodiscard]] Result<std::optional<IdempotencyRecord>> idempotency(
      std::string_view tenant, std::string_view key
  ) override;
  [[nodiscard]] Status put_idempotency(
      std::string_view tenant, std::string_view key, const IdempotencyRecord& record, WallTime now
  ) override;
  [[nodiscard]] Result<std::vector<OutboxRow>> outbox(std::size_t rows_max) override {
    return inner_->outbox(rows_max);
  }
  [[nodiscard]] Status remove_outbox(std::int64_t row) override;
  [[nodiscard]] Status reject_outbox(std::int64_t row, std::string_view reason, WallTime now)
      override {
    return inner_->reject_outbox(row, reason, now);
  }

  [[nodiscard]] Result<std::vector<Settled>> settle(
      std::span<const Settlement> settlements, WallTime now
  ) override;
  [[nodiscard]] Result<Delivery> delivery(DeliveryId id) override { return inner_->delivery(id); }
  [[nodiscard]] Status change_delivery(const Delivery& delivery) override;
  [[nodiscard]] Result<std::optional<Delivery>> find_delivery(EventId event, EndpointId endpoint)
      override {
    return inner_->find_delivery(event, endpoint);
  }
  [[nodiscard]] Result<AppendedDelivery> add_delivery(
      const Event& event, const Target& target, WallTime now
  ) override {
    return inner_->add_delivery(event, target, now);
  }
  [[nodiscard]] Result<Event> event(EventId id) override { return inner_->event(id); }
  [[nodiscard]] Result<DeliveryChunk> dead_letters_from(
      const DeadLetterFilter& filter, std::size_t rows_max, std::string& cursor
  ) override {
    return inner_->dead_letters_from(filter, rows_max, cursor);
  }

  [[nodiscard]] Result<std::vector<Delivery>> expire(WallTime now, std::size_t rows_max) override {
    return inner_->expire(now, rows_max);
  }
  [[nodiscard]] Result<std::vector<Delivery>> expire_disabled(
      WallTime disabled_before, WallTime now, std::size_t rows_max
  ) override {
    return inner_->expire_disabled(disabled_before, now, rows_max);
  }
  [[nodiscard]] Result<std::vector<Delivery>> expire_waiting(
      EndpointId endpoint, WallTime due_until, WallTime now, std::size_t rows_max
  ) override {
    return inner_->expire_waiting(endpoint, due_until, now, rows_max);
  }
  [[nodiscard]] Result<std::vector<Delivery>> cancel_deleted(WallTime now, std::size_t rows_max)
      override {
    return inner_->cancel_deleted(now, rows_max);
  }
  [[nodiscard]] Result<RetentionResult> prune(
      WallTime before, WallTime keys_before, std::size_t rows_max
  ) override;
  [[nodiscard]] Result<std::vector<EndpointId>> prune_secrets(WallTime now) override {
    return inner_->prune_secrets(now);
  }

  [[nodiscard]] Result<EndpointId> add_endpoint(const Endpoint& endpoint, WallTime now) override;
  [[nodiscard]] Status put_endpoint(const Endpoint& endpoint) override;
  [[nodiscard]] Status put_endpoint_health(
      EndpointId id,
      std::optional<WallTime> failing_since,
      std::int64_t failed_attempts_count,
      const std::optional<OpenCircuit>& circuit
  ) override {
    return inner_->put_endpoint_health(id, failing_since, failed_attempts_count, circuit);
  }
  [[nodiscard]] Status delete_endpoint(EndpointId id, WallTime now) override;

  [[nodiscard]] Result<RemoteChanges> pull_remote_changes() override;
  [[nodiscard]] Result<std::vector<FailingEndpoint>> failing_endpoints() override;
  void set_boot(std::int64_t boot) override { inner_->set_boot(boot); }
  [[nodiscard]] Status rebase_sends(EndpointId endpoint, MonoTime now) override {
    return inner_->rebase_sends(endpoint, now);
  }
  [[nodiscard]] Status assume_sends(
      EndpointId endpoint, std::size_t count_max, WallTime now, MonoTime sent_at
  ) override {
    return inner_->assume_sends(endpoint, count_max, now, sent_at);
  }
  [[nodiscard]] Status forget_sends(EndpointId endpoint) override {
    return inner_->forget_sends(endpoint);
  }

  [[nodiscard]] Result<KeyId> add_api_key(const ApiKey& key, WallTime now) override {
    return inner_->add_api_key(key, now);
  }
  [[nodiscard]] Status delete_api_key(KeyId id) override { return inner_->delete_api_key(id); }
  [[nodiscard]] Status record_api_key_uses(std::span<const ApiKeyUse> uses) override {
    return inner_->record_api_key_uses(uses);
  }
  [[nodiscard]] Result<EventType> event_type(std::string_view name) override {
    return inner_->event_type(name);
  }
  [[nodiscard]] Status add_event_type(const EventType& type) override {
    return inner_->add_event_type(type);
  }
  [[nodiscard]] Status put_event_type(const EventType& type) override {
    return inner_->put_event_type(type);
  }
  [[nodiscard]] Status delete_event_type(std::string_view name) override {
    return inner_->delete_event_type(name);
  }
  [[nodiscard]] Result<TaskId> add_task(const Task& task, WallTime now) override {
    return inner_->add_task(task, now);
  }
  [[nodiscard]] Result<Task> task(TaskId id) override { return inner_->task(id); }
  [[nodiscard]] Status put_task(const Task& task) override { return inner_->put_task(task); }
  [[nodiscard]] Status write_probe(WallTime now) override;
  [[nodiscard]] Status release_space() override { return inner_->release_space(); }
  [[nodiscard]] Status put_last_outcomes(std::span<const LastOutcomes> outcomes) override {
    return inner_->put_last_outcomes(outcomes);
  }
  [[nodiscard]] Status add_stats(std::span<const StatRow> rows) override {
    return inner_->add_stats(rows);
  }

 private:
  /// An error now and then; sometimes the database ends the whole transaction with it.
  [[nodiscard]] Status may_fail();
  void note_committed();
  /// Records a change that all nodes have to read after the commit.
  void note_changed(EndpointId endpoint) {
    if (session_ != nullptr) session_->changed(endpoint);
  }

  const std::unique_ptr<Store> own_;
  Store* const inner_;
  StoreControl& control_;
  SharedSession* const session_;
  std::set<std::int64_t> born_;  // deliveries of this transaction
  bool settling_ = false;        // inside of the savepoint of settling
};

enum class ReaderOf : std::uint8_t { kEngine, kWriter };

/// A reader whose endpoints have versions when nodes share the database. The engine's fails now and
/// then. `control` and `session` outlive it.
[[nodiscard]] std::unique_ptr<StoreReader> faulty_reader(
    ReaderOf whose,
    std::unique_ptr<StoreReader> inner,
    StoreControl& control,
    const SharedSession* session
);

}  // namespace postrider::sim
