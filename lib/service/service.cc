#include "service/service.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "crypto/random.h"
#include "service/delivery_changes.h"
#include "service/endpoint_changes.h"
#include "service/process_start.h"

namespace postrider {
namespace {

/// The longest a test waits beyond the endpoint's own time-out: for the commits before and after
/// the request.
constexpr Millis kTestSlack{5000};

StatRow stat_of(const RecordedAttempt& recorded) {
  const auto& [settlement, settled] = recorded;
  StatRow row;
  row.minute = std::chrono::floor<std::chrono::minutes>(settlement.attempt.started_at);
  row.tenant = settlement.event->tenant;
  row.endpoint = settlement.endpoint;
  if (const auto kind = attempt_class(settlement.attempt))
    row.attempts[static_cast<std::size_t>(*kind)] = 1;
  row.duration_ms_sum = settlement.attempt.duration.count();
  row.delivered = settled.applied && std::holds_alternative<Delivered>(settlement.next) ? 1 : 0;
  row.dead = settled.applied && std::holds_alternative<Dead>(settlement.next) ? 1 : 0;
  return row;
}

void report_reload(const Status& reloaded) {
  if (!reloaded)
    log::error("keys or event types cannot be read again", {{"reason", reloaded.error().context}});
}

}  // namespace

Result<std::unique_ptr<Service>> Service::create(
    ServiceOptions options, ServiceParts parts, const Clock& clock
) {
  // Each thread that reads has a reader of its own; opening them can fail, so it comes before any
  // thread.
  std::array<std::unique_ptr<StoreReader>, 5> readers;
  for (auto& reader : readers) {
    auto opened = parts.readers->open();
    if (!opened) return tl::unexpected(std::move(opened).error());
    reader = std::move(*opened);
  }
  return std::unique_ptr<Service>(
      new Service(std::move(options), std::move(parts), clock, std::move(readers))
  );
}

Service::Service(
    ServiceOptions options,
    ServiceParts parts,
    const Clock& clock,
    std::array<std::unique_ptr<StoreReader>, 5> readers
)
    : options_(std::move(options)),
      clock_(clock),
      ids_(readers[0]->id_salt()),
      readers_(std::move(parts.readers)),
      keyring_(std::make_shared<const Keyring>()),
      catalogue_(Catalogue::build({})),
      root_hash_(options_.root_key.empty() ? std::string{} : hash_api_key(options_.root_key)),
      writer_(std::move(parts.store), std::move(readers[1]), clock, *this),
      dispatcher_(
          {std::move(parts.transport),
           std::move(readers[2]),
           *parts.programs,
           options_.engine,
           crypto::random_u64()},
          clock,
          writer_
      ),
      maintenance_(
          options_.maintenance,
          {std::move(readers[3]), std::move(parts.checkpointer)},
          clock,
          writer_,
          metrics_
      ),
      outbox_watcher_(
          std::move(readers[4]),
          std::move(parts.outbox_watch),
          writer_,
          {*parts.programs, clock},
          [this] { return catalogue_.get(); },
          options_.event_bytes_max
      ),
      lease_(std::move(parts.lease)),
      lost_(std::move(parts.lost)),
      programs_(std::move(parts.programs)),
      reader_(std::move(readers[0])) {}

Service::~Service() { stop(); }

Status Service::start() {
  if (lease_) {
    lease_->start(
        {.may_send_until = [this](MonoTime end) { dispatcher_.send_until(end); },
         .lost = [this] { lose(); }}
    );
  }
  if (auto keys = reload_keys(); !keys) return keys;
  if (auto types = reload_event_types(); !types) return types;
  if (auto writing = writer_.start(); !writing) return writing;
  // Before the dispatcher reads what counts against rate limits.
  Status counted = writer_.execute(Change{[&](WriteContext& context) {
    return count_sends_of_last_process(context, clock_.boot(), clock_.mono_now());
  }});
  if (!counted) return counted;
  if (auto dispatching = dispatcher_.start(); !dispatching) return dispatching;
  maintenance_.start();
  outbox_watcher_.start();
  const MutexLock lock(mutex_);
  running_ = true;
  return {};
}

void Service::begin_stop() {
  {
    const MutexLock lock(mutex_);
    if (!running_ || drained_by_) return;
    drained_by_ = clock_.mono_now() + options_.drain_timeout;
  }
  feed_.close();
  dispatcher_.begin_drain();
}

void Service::lose() {
  begin_stop();
  {
    const MutexLock lock(mutex_);
    // What is in flight cannot be settled any more.
    drained_by_ = clock_.mono_now();
  }
  lost_();
}

std::size_t Service::stop() {
  begin_stop();
  MonoTime drained_by;
  {
    const MutexLock lock(mutex_);
    if (!running_) return 0;
    running_ = false;
    drained_by = *drained_by_;
  }
  outbox_watcher_.stop();
  maintenance_.stop();
  const auto left = std::chrono::ceil<Millis>(drained_by - clock_.mono_now());
  const std::size_t given_back = dispatcher_.drain(std::max(left, Millis{0}));
  writer_.stop();
  dispatcher_.stop();
  if (lease_) lease_->stop();
  return given_back;
}

void Service::committed(Effects effects, double commit_seconds, std::int64_t rows) {
  metrics_.commit(commit_seconds, rows);
  count(effects);
  feed_.publish(effects.attempts);
  feed_.publish(effects.rejected);
  // A key or a type that was just changed must hold for the request that comes after the answer to
  // the change.
  if (effects.keys_changed) report_reload(reload_keys());
  if (effects.event_types_changed) report_reload(reload_event_types());
  for (const auto& [endpoint, opened] : effects.circuits) {
    const auto message =
        opened ? "the circuit of an endpoint opened" : "the circuit of an endpoint closed";
    log::info(message, {{"endpoint", ids_.encode(endpoint)}});
  }
  if (effects.tasks_changed || !effects.endpoints_removed.empty()) maintenance_.wake();
  dispatcher_.tell(news_of(effects));
}

void Service::writable(bool writable) {
  dispatcher_.set_writable(writable);
  const MutexLock lock(mutex_);
  writable_ = writable;
}

void Service::count(const Effects& effects) {
  metrics_.events_accepted(effects.events_accepted);
  metrics_.deliveries_ended(DeliveryState::kCancelled, effects.deliveries_cancelled);
  metrics_.deliveries_ended(DeliveryState::kDead, effects.deliveries_dead);
  std::vector<StatRow> stats = effects.stats;
  for (const auto& recorded : effects.rejected) stats.push_back(stat_of(recorded));
  metrics_.deliveries_ended(
      DeliveryState::kDead, static_cast<std::int64_t>(effects.rejected.size())
  );
  for (const auto& recorded : effects.attempts) {
    const auto& [settlement, settled] = recorded;
    const Attempt& attempt = settlement.attempt;
    if (const auto kind = attempt_class(attempt)) metrics_.attempt(*kind, attempt.duration);
    stats.push_back(stat_of(recorded));
    if (!settled.applied) {
      metrics_.late_answers(1);
    } else if (std::holds_alternative<Delivered>(settlement.next)) {
      metrics_.deliveries_ended(DeliveryState::kDelivered, 1);
      metrics_.delivered(attempt.started_at + attempt.duration - settlement.event->created_at);
    } else if (std::holds_alternative<Dead>(settlement.next)) {
      metrics_.deliveries_ended(DeliveryState::kDead, 1);
    }
  }
  metrics_.set_in_flight(static_cast<std::int64_t>(dispatcher_.in_flight()));
  maintenance_.add_stats(stats);
}

Status Service::ready() const {
  const MutexLock lock(mutex_);
  if (!running_ || drained_by_)
    return fail(Errc::kUnavailable, "the service is starting or stopping");
  if (!writable_) return fail(Errc::kUnavailable, "the database cannot be written");
  if (!dispatcher_.can_read() || !outbox_watcher_.can_read())
    return fail(Errc::kUnavailable, "the database cannot be read");
  return {};
}

// --- Events --------------------------------------------------------------------------------------

Result<Emitted> Service::emit(EmitParams params) {
  const std::size_t count = params.events.size();
  if (params.idempotency) {
    // The answer is stored with the key, so the transaction makes it.
    return execute_filtered<Emitted>(
        writer_,
        filter_means(),
        [&](WriteContext& context, Filtering& filtering) {
          return postrider::emit(context, params, filtering);
        },
        count
    );
  }
  const auto appended = execute_filtered<std::vector<Appended>>(
      writer_,
      filter_means(),
      [&](WriteContext& context, Filtering& filtering) {
        return accept(context, params.events, filtering);
      },
      count
  );
  if (!appended) return tl::unexpected(appended.error());
  return Emitted{params.render(*appended), false};
}

Result<std::optional<Emitted>> Service::answer_of(IdempotencyKey key) {
  // By the writer, although it only reads: the first request may be waiting to be committed.
  return writer_.execute<std::optional<Emitted>>([&](WriteContext& context) {
    return postrider::answer_of(context, key);
  });
}

Result<RecordedAttempt> Service::test_endpoint(EndpointId id, EventDraft draft) {
  const std::uint64_t from = feed_.next_number();
  Millis patience = options_.engine.request.timeout_default;
  auto appended = writer_.execute<Appended>([&](WriteContext& context) -> Result<Appended> {
    const auto endpoint = require_endpoint(context, id);
    if (!endpoint) return tl::unexpected(endpoint.error());
    if ((*endpoint)->state != EndpointState::kActive) {
      return fail(Errc::kConflict, "the endpoint is not active; resume it first");
    }
    patience = (*endpoint)->config.timeout.value_or(patience);
    draft.tenant = (*endpoint)->tenant;
    auto test = emit_to(context, std::move(draft), {id, (*endpoint)->config.ordering});
    if (test) context.effects.probes.emplace_back(test->deliveries.front().id, id);
    return test;
  });
  if (!appended) return tl::unexpected(std::move(appended).error());
  const DeliveryId delivery = appended->deliveries.front().id;
  const MonoTime end = clock_.mono_now() + patience + kTestSlack;
  std::uint64_t next = from;
  while (clock_.mono_now() < end && !feed_.closed()) {
    for (const auto& item :
         feed_.wait_from(next, std::chrono::ceil<Millis>(end - clock_.mono_now()))) {
      next = item.number + 1;
      if (item.attempt->settlement.delivery == delivery) return *item.attempt;
    }
  }
  return fail(
      Errc::kUnavailable, "the attempt has not ended yet; see the deliveries of the endpoint"
  );
}

Result<std::vector<Delivery>> Service::replay_event(EventId id, std::optional<EndpointId> only) {
  return execute_filtered<std::vector<Delivery>>(
      writer_,
      filter_means(),
      [&](WriteContext& context, Filtering& filtering) {
        return postrider::replay_event(context, id, only, filtering);
      },
      1
  );
}

// --- Endpoints -----------------------------------------------------------------------------------

Result<Endpoint> Service::add_endpoint(Endpoint endpoint) {
  return writer_.execute<Endpoint>([&](WriteContext& context) {
    return postrider::add_endpoint(context, std::move(endpoint));
  });
}

Result<Endpoint> Service::change_endpoint(
    EndpointId id, const std::function<Result<Endpoint>(WriteContext&, const Endpoint&)>& change
) {
  return writer_.execute<Endpoint>([&](WriteContext& context) -> Result<Endpoint> {
    const auto endpoint = require_endpoint(context, id);
    if (!endpoint) return tl::unexpected(endpoint.error());
    return change(context, **endpoint);
  });
}

Result<Endpoint> Service::update_endpoint(
    EndpointId id, std::function<Result<EndpointConfig>(const Endpoint&)> change
) {
  return change_endpoint(
      id,
      [&](WriteContext& context, const Endpoint& endpoint) -> Result<Endpoint> {
        auto config = change(endpoint);
        if (!config) return tl::unexpected(std::move(config).error());
        Endpoint changed = endpoint;
        changed.config = std::move(*config);
        return put_endpoint(context, std::move(changed));
      }
  );
}

Status Service::remove_endpoint(EndpointId id) {
  return writer_.execute(Change{[&](WriteContext& context) -> Status {
    if (auto endpoint = require_endpoint(context, id); !endpoint)
      return tl::unexpected(endpoint.error());
    return postrider::remove_endpoint(context, id);
  }});
}

Result<Endpoint> Service::set_endpoint_state(EndpointId id, EndpointState state) {
  return change_endpoint(id, [&](WriteContext& context, const Endpoint& endpoint) {
    std::optional<DisabledReason> reason;
    if (state == EndpointState::kDisabled) reason = DisabledReason::kOperator;
    return postrider::set_endpoint_state(context, endpoint, state, reason);
  });
}

Result<Endpoint> Service::rotate_secret(
    EndpointId id, std::function<Result<std::string>(const Endpoint&)> secret_for, Millis overlap
) {
  return change_endpoint(
      id,
      [&](WriteContext& context, const Endpoint& endpoint) -> Result<Endpoint> {
        auto secret = secret_for(endpoint);
        if (!secret) return tl::unexpected(std::move(secret).error());
        return postrider::rotate_secret(context, endpoint, std::move(*secret), overlap);
      }
  );
}

// --- Deliveries and dead letters -----------------------------------------------------------------

Result<Delivery> Service::retry_delivery(DeliveryId id) {
  return writer_.execute<Delivery>([&](WriteContext& context) {
    return postrider::retry_delivery(context, id);
  });
}

Result<Delivery> Service::cancel_delivery(DeliveryId id) {
  return writer_.execute<Delivery>([&](WriteContext& context) {
    return postrider::cancel_delivery(context, id);
  });
}

Result<Delivery> Service::replay_dead_letter(DeliveryId id) {
  return writer_.execute<Delivery>([&](WriteContext& context) {
    return postrider::replay_dead_letter(context, id);
  });
}

Result<Delivery> Service::discard_dead_letter(DeliveryId id) {
  return writer_.execute<Delivery>([&](WriteContext& context) {
    return postrider::discard_dead_letter(context, id);
  });
}

Result<Task> Service::start_task(TaskKind kind, DeadLetterFilter filter, std::int64_t total) {
  return writer_.execute<Task>([&](WriteContext& context) -> Result<Task> {
    Task task;
    task.kind = kind;
    task.filter = std::move(filter);
    // What dies from now on is not part of it: a replay that fails again is not replayed by the
    // same task.
    if (!task.filter.until || *task.filter.until > context.now)
      task.filter.until = context.now + Millis{1};
    task.total = total;
    task.created_at = context.now;
    task.updated_at = context.now;
    auto id = context.store.add_task(task, context.now);
    if (!id) return tl::unexpected(std::move(id).error());
    task.id = *id;
    context.effects.tasks_changed = true;
    return task;
  });
}

Result<Task> Service::cancel_task(TaskId id) {
  return writer_.execute<Task>([&](WriteContext& context) -> Result<Task> {
    auto task = context.store.task(id);
    if (!task) return task;
    if (task->state != TaskState::kRunning)
      return fail(Errc::kConflict, "the task has ended already");
    task->state = TaskState::kCancelled;
    task->updated_at = context.now;
    if (auto put = context.store.put_task(*task); !put)
      return tl::unexpected(std::move(put).error());
    return task;
  });
}

// --- Keys and event types ------------------------------------------------------------------------

Result<ApiKey> Service::add_api_key(ApiKey key) {
  return writer_.execute<ApiKey>([&](WriteContext& context) -> Result<ApiKey> {
    key.created_at = context.now;
    auto id = context.store.add_api_key(key, context.now);
    if (!id) return tl::unexpected(std::move(id).error());
    key.id = *id;
    context.effects.keys_changed = true;
    return key;
  });
}

Status Service::remove_api_key(KeyId id) {
  return writer_.execute(Change{[&](WriteContext& context) -> Status {
    context.effects.keys_changed = true;
    return context.store.delete_api_key(id);
  }});
}

std::optional<ApiKey> Service::authenticate(std::string_view key) const {
  return keyring_.get()->find(key, clock_.wall_now());
}

Result<EventType> Service::add_event_type(EventType type) {
  return writer_.execute<EventType>([&](WriteContext& context) -> Result<EventType> {
    type.created_at = context.now;
    type.updated_at = context.now;
    if (auto added = context.store.add_event_type(type); !added)
      return tl::unexpected(std::move(added).error());
    context.effects.event_types_changed = true;
    return type;
  });
}

Result<EventType> Service::update_event_type(
    std::string name, std::function<Result<EventType>(EventType)> change
) {
  return writer_.execute<EventType>([&](WriteContext& context) -> Result<EventType> {
    auto type = context.store.event_type(name);
    if (!type) return type;
    auto changed = change(std::move(*type));
    if (!changed) return changed;
    changed->updated_at = context.now;
    if (auto put = context.store.put_event_type(*changed); !put)
      return tl::unexpected(std::move(put).error());
    context.effects.event_types_changed = true;
    return changed;
  });
}

Status Service::remove_event_type(std::string name) {
  return writer_.execute(Change{[&](WriteContext& context) -> Status {
    context.effects.event_types_changed = true;
    return context.store.delete_event_type(name);
  }});
}

Status Service::reload_keys() {
  const MutexLock lock(mutex_);
  auto keys = reader_->all_api_keys();
  if (!keys) return tl::unexpected(std::move(keys).error());
  keyring_.set(std::make_shared<const Keyring>(std::move(*keys), root_hash_));
  return {};
}

Status Service::reload_event_types() {
  const MutexLock lock(mutex_);
  auto types = reader_->all_event_types();
  if (!types) return tl::unexpected(std::move(types).error());
  catalogue_.set(Catalogue::build(*types));
  return {};
}

}  // namespace postrider
