// Everything behind the API: the threads, and the operations that the API and the command line
// offer.
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
  std::string version;   ///< of the program, for the metrics
  Millis drain_timeout{20'000};
};

/// The concrete parts, made by the composition root.
struct ServiceParts {
  std::unique_ptr<Store> store;
  std::unique_ptr<StoreReaders> readers;
  std::unique_ptr<Transport> transport;
  std::unique_ptr<ProgramRunner> programs;
  std::unique_ptr<ChangeWatch> outbox_watch;
  std::unique_ptr<Checkpointer> checkpointer;  ///< null: the database does it itself
  std::unique_ptr<LeaseKeeper> lease;          ///< null: no other node can have the database
  std::unique_ptr<Messenger> messenger;        ///< null likewise
  /// Another node has the database now: stop() is wanted. On any thread.
  std::function<void()> lost = [] {};
};

/// Owns writer, dispatcher, maintenance and outbox watcher. Operations are thread-safe; start() and
/// stop() belong to the owner. An operation that returns has committed. Besides what each says, all
/// may fail with kBusy (the write queue is full), kUnavailable (no space, or shutting down) and
/// kInternal.
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
  /// Sends nothing new from now on, ends live streams and lets the drain time begin; operations go
  /// on. For who has to stop something else before stop(). Idempotent.
  void begin_stop();
  /// Finishes or gives back what is in flight within the drain time, counted from begin_stop();
  /// writes what is queued and ends all threads. Idempotent. Returns how many requests were given
  /// back.
  std::size_t stop();

  // Events.

  /// kConflict: the idempotency key was used for another body.
  [[nodiscard]] Result<Emitted> emit(EmitParams params);
  /// The answer that the key was given first; nothing when it is new. kConflict as for emit().
  [[nodiscard]] Result<std::optional<Emitted>> answer_of(IdempotencyKey key);
  /// Sends a test request to an endpoint as it was read, whatever its state, and returns at once.
  /// Nothing is stored, before or after. `test.done` is called on any thread.
  void send_test(TestRequest test) { dispatcher_.send_test(std::move(test)); }
  /// Returns the deliveries that are now pending.
  [[nodiscard]] Result<std::vector<Delivery>> replay_event(
      EventId id, std::optional<EndpointId> only
  );

  // Endpoints.

  [[nodiscard]] Result<Endpoint> add_endpoint(Endpoint endpoint);
  /// `change` gets the endpoint as it is and returns its new config; it runs on the writer's
  /// thread.
  [[nodiscard]] Result<Endpoint> update_endpoint(
      EndpointId id, std::function<Result<EndpointConfig>(const Endpoint&)> change
  );
  [[nodiscard]] Status remove_endpoint(EndpointId id);
  /// By a person: `disabled` gets the reason `operator`.
  [[nodiscard]] Result<Endpoint> set_endpoint_state(EndpointId id, EndpointState state);
  /// `secret_for` gives the new secret, or why there is none, of the endpoint as it is then. It
  /// runs on the writer's thread.
  [[nodiscard]] Result<Endpoint> rotate_secret(
      EndpointId id, std::function<Result<std::string>(const Endpoint&)> secret_for, Millis overlap
  );

  // Deliveries and dead letters; kConflict when the state does not allow it.

  [[nodiscard]] Result<Delivery> retry_delivery(DeliveryId id);
  [[nodiscard]] Result<Delivery> cancel_delivery(DeliveryId id);
  [[nodiscard]] Result<Delivery> replay_dead_letter(DeliveryId id);
  [[nodiscard]] Result<Delivery> discard_dead_letter(DeliveryId id);
  /// Starts bulk work. `total`: as counted by the caller.
  [[nodiscard]] Result<Task> start_task(TaskKind kind, DeadLetterFilter filter, std::int64_t total);
  /// kConflict when the task has ended.
  [[nodiscard]] Result<Task> cancel_task(TaskId id);

  // Keys and event types.

  /// Stores a key by its hash; the id and the time are filled in.
  [[nodiscard]] Result<ApiKey> add_api_key(ApiKey key);
  [[nodiscard]] Status remove_api_key(KeyId id);
  /// The key's rights, or nothing when it is unknown or expired. Records the use.
  [[nodiscard]] std::optional<ApiKey> authenticate(std::string_view key);
  /// As stored, or by this node since.
  [[nodiscard]] std::optional<WallTime> last_use(const ApiKey& stored) const {
    return std::max(stored.last_used_at, key_usage_.unsaved(stored.id));
  }
  /// kConflict: the name is taken.
  [[nodiscard]] Result<EventType> add_event_type(EventType type);
  /// `change` gets the type as it is; it runs on the writer's thread.
  [[nodiscard]] Result<EventType> update_event_type(
      std::string name, std::function<Result<EventType>(EventType)> change
  );
  [[nodiscard]] Status remove_event_type(std::string name);
  [[nodiscard]] std::shared_ptr<const Catalogue> catalogue() const { return catalogue_.get(); }

  // For those who watch.

  /// A reader of one's own: one per thread.
  [[nodiscard]] Result<std::unique_ptr<StoreReader>> open_reader() { return readers_->open(); }
  [[nodiscard]] AttemptFeed& attempt_feed() { return feed_; }
  /// In Prometheus' text format.
  [[nodiscard]] std::string render_metrics();
  /// Counts an answer of the API; see Metrics::http_request().
  void count_request(std::string_view route, std::string_view method, int status, Millis duration) {
    metrics_.http_request(route, method, status, duration);
  }
  /// Until when nothing is sent to the endpoint. `stored`: as the node that sends for it last wrote
  /// it, which counts where this is another node.
  [[nodiscard]] Backpressure backpressure(EndpointId id, const Backpressure& stored) const {
    return sends_for(id) ? dispatcher_.backpressure(id) : stored;
  }
  [[nodiscard]] ProgramRunner& programs() { return *programs_; }
  [[nodiscard]] const IdCodec& ids() const { return ids_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] const ServiceOptions& options() const { return options_; }
  /// Whether the service does its work: threads run and the database can be written. The error says
  /// what is wrong.
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
  /// Takes up the work that is shared with other nodes.
  void join_others();
  /// Begins to send for those of them that the service does not send for yet.
  void own(const Partitions& partitions);
  void give_up(const Partitions& partitions);
  void ask_for(const Holdings::Asked& asked);
  /// Whether this node sends to the endpoint.
  [[nodiscard]] bool sends_for(EndpointId endpoint) const;
  void lose();
  /// As it is stored; nothing when it is not, or cannot be read.
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
  // Replaced before the answer to the change that made them stale.
  SharedValue<Keyring> keyring_;
  SharedValue<Catalogue> catalogue_;
  const std::string root_hash_;
  KeyUsage key_usage_;

  mutable Mutex mutex_;
  bool running_ POSTRIDER_GUARDED_BY(mutex_) = false;
  bool writable_ POSTRIDER_GUARDED_BY(mutex_) = true;
  /// What it sends for, by what is committed.
  Holdings holdings_ POSTRIDER_GUARDED_BY(mutex_);
  /// When the drain time ends; set by begin_stop().
  std::optional<MonoTime> drained_by_ POSTRIDER_GUARDED_BY(mutex_);
  std::size_t in_flight_at_stop_ POSTRIDER_GUARDED_BY(mutex_) = 0;

  // In the order they start; they stop the other way round.
  Writer writer_;
  Dispatcher dispatcher_;
  Maintenance maintenance_;
  OutboxWatcher outbox_watcher_;
  const std::unique_ptr<LeaseKeeper> lease_;
  const std::unique_ptr<Messenger> messenger_;
  const std::function<void()> lost_;
  /// Declared after those who use it, so that it ends before them: what it still answers then has a
  /// place to go.
  std::unique_ptr<ProgramRunner> programs_;

  // Reads what a commit changed for keyring_ and catalogue_; whoever holds mutex_ may use it.
  // Declared after the writer, so that it closes before it: a store that closes last leaves one
  // file.
  std::unique_ptr<StoreReader> reader_ POSTRIDER_GUARDED_BY(mutex_);
};

}  // namespace postrider
