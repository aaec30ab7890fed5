// Service runs the threads behind the API and offers the operations that the API and the command
// line call.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/retry_policy.h"
#include "engine/engine.h"
#include "metrics/metrics.h"
#include "service/attempt_feed.h"
#include "service/catalogue.h"
#include "service/commit_log.h"
#include "service/dispatcher.h"
#include "service/emit.h"
#include "service/filtered_command.h"
#include "service/holdings.h"
#include "service/key_usage.h"
#include "service/keyring.h"
#include "service/lease_keeper.h"
#include "service/maintenance.h"
#include "service/messenger.h"
#include "service/outbox_watcher.h"
#include "service/shared_value.h"
#include "service/writer.h"
#include "store/change_watch.h"
#include "store/store.h"
#include "transport/transport.h"

namespace postrider {

struct ServiceOptions {
  EngineOptions engine;
  MaintenanceOptions maintenance;
  std::size_t event_bytes_max = 1U << 20U;
  std::string root_key;  ///< secret; empty when there is none
  std::string version;   ///< the program's version, for the metrics
  Millis drain_timeout{20'000};
};

/// The parts that the composition root creates.
struct ServiceParts {
  std::unique_ptr<Store> store;
  std::unique_ptr<StoreReaders> readers;
  std::unique_ptr<Transport> transport;
  std::unique_ptr<ProgramRunner> programs;
  std::unique_ptr<ChangeWatch> outbox_watch;
  std::unique_ptr<Checkpointer> checkpointer;  ///< null if the database checkpoints by itself
  std::unique_ptr<LeaseKeeper> lease;          ///< null if no other node can use the database
  std::unique_ptr<Messenger> messenger;        ///< null if `lease` is
  /// Called on the lease keeper's thread when another node has taken over this node's partitions.
  /// It must have stop() called on another thread, because stop() joins the lease keeper's.
  std::function<void()> lost = [] {};
};

/// Owns the writer, the dispatcher, maintenance and the outbox watcher. Operations are thread-safe;
/// only the owner calls start() and stop(). An operation returns success after its commit. Besides
/// the errors named below, all operations may fail with kBusy (the write queue is full),
/// kUnavailable (the disk is full, or the service is shutting down) and kInternal.
class Service final : private CommitListener {
 public:
  /// `clock` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<Service>> create(
      ServiceOptions options, ServiceParts parts, const Clock& clock
  );
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() override;

  /// Idempotent.
  [[nodiscard]] Status start();
  /// Starts no more requests, ends live streams and lets the drain time begin. Operations still
  /// work, so the caller can stop other parts before it calls stop(). Idempotent.
  void begin_stop();
  /// Waits for requests in flight within the drain time, which counts from begin_stop(); then
  /// writes all queued commands and ends all threads. Returns how many requests were not settled in
  /// time: their deliveries stay pending. Idempotent.
  std::size_t stop();

  // Events.

  /// Returns kConflict if the idempotency key was used with another body.
  [[nodiscard]] Result<Emitted> emit(EmitParams params);
  /// Returns the stored response of the idempotency key, or nothing if the key is new. Returns
  /// kConflict as emit() does.
  [[nodiscard]] Result<std::optional<Emitted>> answer_of(IdempotencyKey key);
  /// Sends a test request to the endpoint in `test`, whatever its state, and returns at once.
  /// Nothing is stored. `test.done` is called on any thread.
  void send_test(TestRequest test) { dispatcher_.send_test(std::move(test)); }
  /// Returns the deliveries that are now pending.
  [[nodiscard]] Result<std::vector<Delivery>> replay_event(
      EventId id, std::optional<EndpointId> only
  );

  // Endpoints.

  [[nodiscard]] Result<Endpoint> add_endpoint(Endpoint endpoint);
  /// `change` receives the current endpoint and returns its new config. It runs on the writer's
  /// thread.
  [[nodiscard]] Result<Endpoint> update_endpoint(
      EndpointId id, std::function<Result<EndpointConfig>(const Endpoint&)> change
  );
  [[nodiscard]] Status remove_endpoint(EndpointId id);
  /// Changes the state for a person, so `disabled` gets the reason `operator`.
  [[nodiscard]] Result<Endpoint> set_endpoint_state(EndpointId id, EndpointState state);
  /// `secret_for` returns the new secret for the current endpoint, or an error. It runs on the
  /// writer's thread. Older secrets stay valid for at most `overlap`.
  [[nodiscard]] Result<Endpoint> rotate_secret(
      EndpointId id, std::function<Result<std::string>(const Endpoint&)> secret_for, Millis overlap
  );

  // Deliveries and dead letters. These return kConflict if the delivery's state does not allow the
  // change.

  [[nodiscard]] Result<Delivery> retry_delivery(DeliveryId id);
  [[nodiscard]] Result<Delivery> cancel_delivery(DeliveryId id);
  [[nodiscard]] Result<Delivery> replay_dead_letter(DeliveryId id);
  [[nodiscard]] Result<Delivery> discard_dead_letter(DeliveryId id);
  /// Starts a task on the dead letters that match `filter`. `total` is the caller's count of them.
  [[nodiscard]] Result<Task> start_task(TaskKind kind, DeadLetterFilter filter, std::int64_t total);
  /// Returns kConflict if the task has ended.
  [[nodiscard]] Result<Task> cancel_task(TaskId id);

  // Keys and event types.

  /// Stores a key by its hash. Returns it with its id and creation time.
  [[nodiscard]] Result<ApiKey> add_api_key(ApiKey key);
  [[nodiscard]] Status remove_api_key(KeyId id);
  /// Returns the key's rights, or nothing if the key is unknown or expired. Records the use.
  [[nodiscard]] std::optional<ApiKey> authenticate(std::string_view key);
  /// Returns when the key was last used, including uses that this node has not stored yet.
  [[nodiscard]] std::optional<WallTime> last_use(const ApiKey& stored) const {
    return std::max(stored.last_used_at, key_usage_.unsaved(stored.id));
  }
  /// Returns kConflict if the name is taken.
  [[nodiscard]] Result<EventType> add_event_type(EventType type);
  /// `change` receives the current type and returns the new one. It runs on the writer's thread.
  [[nodiscard]] Result<EventType> update_event_type(
      std::string name, std::function<Result<EventType>(EventType)> change
  );
  [[nodiscard]] Status remove_event_type(std::string name);
  [[nodiscard]] std::shared_ptr<const Catalogue> catalogue() const { return catalogue_.get(); }

  // Reading, live streams and metrics.

  /// Opens a reader. A reader belongs to one thread.
  [[nodiscard]] Result<std::unique_ptr<StoreReader>> open_reader() { return readers_->open(); }
  [[nodiscard]] AttemptFeed& attempt_feed() { return feed_; }
  /// Returns the metrics in Prometheus' text format.
  [[nodiscard]] std::string render_metrics();
  /// Counts an API response; see Metrics::http_request().
  void count_request(std::string_view route, std::string_view method, int status, Millis duration) {
    metrics_.http_request(route, method, status, duration);
  }
  /// Returns until when nothing is sent to the endpoint. `stored` is what the node that sends for
  /// the endpoint last wrote; it is returned if that is another node.
  [[nodiscard]] Backpressure backpressure(EndpointId id, const Backpressure& stored) const {
    return sends_for(id) ? dispatcher_.backpressure(id) : stored;
  }
  [[nodiscard]] ProgramRunner& programs() { return *programs_; }
  [[nodiscard]] const IdCodec& ids() const { return ids_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] const ServiceOptions& options() const { return options_; }
  /// Returns success if the service is running and the database can be read and written. Otherwise
  /// the error says what is wrong.
  [[nodiscard]] Status ready() const;

 private:
  Service(
      ServiceOptions options,
      ServiceParts parts,
      const Clock& clock,
      std::array<std::unique_ptr<StoreReader>, 5> readers
  );

  void committed(Effects effects, double commit_seconds, std::int64_t rows) override;
  void writable(bool writable) override;
  void count(const Effects& effects);
  [[nodiscard]] Result<Endpoint> change_endpoint(
      EndpointId id, const std::function<Result<Endpoint>(WriteContext&, const Endpoint&)>& change
  );
  /// Starts the messenger and the lease keeper, which share work with other nodes.
  void join_others();
  /// Has the writer adopt the partitions that this node does not send for yet.
  void own(const Partitions& partitions);
  void give_up(const Partitions& partitions);
  void ask_for(const Holdings::Asked& asked);
  /// Returns whether this node sends for the endpoint.
  [[nodiscard]] bool sends_for(EndpointId endpoint) const;
  void lose();
  /// Returns the stored key, or nothing if it does not exist or cannot be read.
  [[nodiscard]] std::optional<ApiKey> find_api_key(KeyId id);
  void log_endpoint(std::string_view message, EndpointId id) const;
  void log_key(std::string_view message, const ApiKey& key) const;
  [[nodiscard]] FilterMeans filter_means() { return {*programs_, clock_}; }
  [[nodiscard]] Status reload_keys();
  [[nodiscard]] Status reload_event_types();

  const ServiceOptions options_;
  const Clock& clock_;
  const IdCodec ids_;
  std::unique_ptr<StoreReaders> readers_;
  Metrics metrics_;
  AttemptFeed feed_;
  CommitLog commit_log_;
  // The writer's thread replaces these before it answers the command that made them stale.
  SharedValue<Keyring> keyring_;
  SharedValue<Catalogue> catalogue_;
  const std::string root_hash_;
  KeyUsage key_usage_;

  mutable Mutex mutex_;
  bool running_ POSTRIDER_GUARDED_BY(mutex_) = false;
  bool writable_ POSTRIDER_GUARDED_BY(mutex_) = true;
  /// The partitions that this node sends for, as committed.
  Holdings holdings_ POSTRIDER_GUARDED_BY(mutex_);
  /// The end of the drain time; set by begin_stop().
  std::optional<MonoTime> drained_by_ POSTRIDER_GUARDED_BY(mutex_);
  std::size_t in_flight_at_stop_ POSTRIDER_GUARDED_BY(mutex_) = 0;

  // The parts with threads. start() and stop() define their order.
  Writer writer_;
  Dispatcher dispatcher_;
  Maintenance maintenance_;
  OutboxWatcher outbox_watcher_;
  const std::unique_ptr<LeaseKeeper> lease_;
  const std::unique_ptr<Messenger> messenger_;
  const std::function<void()> lost_;
  /// Declared after its users, so that it is destroyed before them: its last results still reach
  /// them.
  std::unique_ptr<ProgramRunner> programs_;

  // Reloads keyring_ and catalogue_ after a commit. Declared after the writer, so that it closes
  // first: a SQLite store that closes last leaves one file.
  std::unique_ptr<StoreReader> reader_ POSTRIDER_GUARDED_BY(mutex_);
};

}  // namespace postrider
