#include "service/service.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "crypto/random.h"
#include "service/node_messages.h"
#include "service/ownership.h"

namespace postrider {
namespace {

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

/// Adds the attempt's outcome to those of its endpoint. Does nothing if the attempt says nothing
/// about the endpoint's health.
void add_outcome(const Settlement& settlement, std::vector<LastOutcomes>& outcomes) {
  if (!settlement.counts_for_health) return;
  const Attempt& attempt = settlement.attempt;
  if (outcomes.empty() || outcomes.back().endpoint != settlement.endpoint)
    outcomes.push_back({.endpoint = settlement.endpoint});
  LastOutcomes& outcome = outcomes.back();
  auto& last = attempt.outcome == Outcome::kSuccess ? outcome.success : outcome.failure;
  last = {attempt.started_at + attempt.duration, attempt.status, attempt.outcome};
}

void report_reload(const Status& reloaded) {
  if (!reloaded)
    log::error("cannot reload API keys or event types", {{"reason", reloaded.error().context}});
}

}  // namespace

Result<std::unique_ptr<Service>> Service::create(
    ServiceOptions options, ServiceParts parts, const Clock& clock
) {
  // Each reading thread has its own reader. Opening one can fail, so all are opened before any
  // thread starts.
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
      commit_log_(ids_),
      keyring_(std::make_shared<const Keyring>()),
      catalogue_(Catalogue::build({})),
      root_hash_(options_.root_key.empty() ? std::string{} : hash_api_key(options_.root_key)),
      writer_(std::move(parts.store), std::move(readers[1]), clock, *this),
      dispatcher_(
          {std::move(parts.transport),
           std::move(readers[2]),
           *parts.programs,
           options_.engine,
           crypto::random_u64(),
           IdCodec{crypto::random_u64()},
           [this](const Partitions& idle) { lease_->give_back(idle); }},
          clock,
          writer_
      ),
      maintenance_(
          options_.maintenance,
          {std::move(readers[3]),
           std::move(parts.checkpointer),
           [this](EndpointId id) { return sends_for(id); },
           [this](EndpointId id) { return dispatcher_.backpressure(id); }},
          clock,
          writer_,
          metrics_,
          key_usage_
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
      messenger_(std::move(parts.messenger)),
      lost_(std::move(parts.lost)),
      programs_(std::move(parts.programs)),
      reader_(std::move(readers[0])) {
  metrics_.set_build(options_.version, reader_->kind());
}

Service::~Service() { stop(); }

Status Service::start() {
  if (auto keys = reload_keys(); !keys) return keys;
  if (auto types = reload_event_types(); !types) return types;
  if (auto writing = writer_.start(); !writing) return writing;
  if (!lease_) {
    Status adopted = writer_.execute(Change{[this](WriteContext& context) {
      return adopt(context, Partitions{}.set(), clock_.mono_now());
    }});
    if (!adopted) return adopted;
  }
  if (auto dispatching = dispatcher_.start(); !dispatching) return dispatching;
  maintenance_.start();
  outbox_watcher_.start();
  {
    const MutexLock lock(mutex_);
    running_ = true;
  }
  if (lease_) join_others();
  return {};
}

void Service::join_others() {
  messenger_->start(
      {.heard = [this](News news) { dispatcher_.tell(std::move(news)); },
       .refresh = [this] { writer_.refresh(); }}
  );
  lease_->start(
      {.may_send_until = [this](MonoTime end) { dispatcher_.send_until(end); },
       .owned = [this](const Partitions& partitions) { own(partitions); },
       .surplus = [this](const Partitions& partitions) { give_up(partitions); },
       .lost = [this] { lose(); }}
  );
}

bool Service::sends_for(EndpointId endpoint) const {
  const MutexLock lock(mutex_);
  return holdings_.owned().test(partition_of(endpoint));
}

void Service::own(const Partitions& partitions) {
  Holdings::Asked asked;
  {
    const MutexLock lock(mutex_);
    asked = holdings_.keep(partitions);
  }
  ask_for(asked);
}

void Service::give_up(const Partitions& partitions) {
  Holdings::Asked asked;
  {
    const MutexLock lock(mutex_);
    asked = holdings_.give_up(partitions);
  }
  ask_for(asked);
}

void Service::ask_for(const Holdings::Asked& asked) {
  if (asked.adopt.any()) {
    writer_.post([this, partitions = asked.adopt](WriteContext& context) {
      return adopt(context, partitions, clock_.mono_now());
    });
  }
  if (asked.abandon.any()) {
    writer_.post([partitions = asked.abandon](WriteContext& context) -> Status {
      abandon(context, partitions);
      return {};
    });
  }
}

void Service::begin_stop() {
  const std::size_t in_flight = dispatcher_.in_flight();
  {
    const MutexLock lock(mutex_);
    if (!running_ || drained_by_) return;
    drained_by_ = clock_.mono_now() + options_.drain_timeout;
    in_flight_at_stop_ = in_flight;
  }
  feed_.close();
  dispatcher_.begin_drain();
  if (lease_) lease_->begin_leaving();
}

void Service::lose() {
  begin_stop();
  dispatcher_.cut_drain();
  lost_();
}

std::size_t Service::stop() {
  begin_stop();
  MonoTime drained_by;
  std::size_t in_flight = 0;
  {
    const MutexLock lock(mutex_);
    if (!running_) return 0;
    running_ = false;
    drained_by = *drained_by_;
    in_flight = in_flight_at_stop_;
  }
  outbox_watcher_.stop();
  maintenance_.stop();
  const auto left = std::chrono::ceil<Millis>(drained_by - clock_.mono_now());
  const std::size_t given_back = dispatcher_.drain(std::max(left, Millis{0}));
  writer_.stop();
  dispatcher_.stop();
  if (messenger_) messenger_->stop();
  if (lease_) lease_->stop();
  if (in_flight > 0) {
    const std::size_t finished = in_flight - std::min(in_flight, given_back);
    log::info("requests drained", {{"finished", finished}, {"given_back", given_back}});
  }
  return given_back;
}

void Service::committed(Effects effects, double commit_seconds, std::int64_t rows) {
  metrics_.commit(commit_seconds, rows);
  count(effects);
  commit_log_.write(effects, commit_seconds, rows);
  feed_.publish(effects.attempts);
  feed_.publish(effects.rejected);
  // Reload before the command is answered, so that the caller's next request sees the changed keys
  // or types.
  if (effects.keys_changed) report_reload(reload_keys());
  if (effects.event_types_changed) report_reload(reload_event_types());
  if (effects.tasks_changed || !effects.endpoints_removed.empty()) maintenance_.wake();
  {
    const MutexLock lock(mutex_);
    holdings_.committed(effects);
  }
  metrics_.set_partitions(static_cast<std::int64_t>(effects.owned.count()));
  if (messenger_) messenger_->post(news_for_others(effects));
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
  for (std::size_t i = 0; i < kDeadReasonCount; ++i)
    metrics_.dead(static_cast<DeadReason>(i), effects.deliveries_dead[i]);
  for (std::size_t i = 0; i < kDisabledReasonCount; ++i)
    metrics_.endpoints_disabled(static_cast<DisabledReason>(i), effects.endpoints_disabled[i]);
  metrics_.outbox_rejected(static_cast<std::int64_t>(effects.refused_outbox_rows.size()));
  std::vector<StatRow> stats = effects.stats;
  for (const auto& recorded : effects.rejected) stats.push_back(stat_of(recorded));
  metrics_.dead(DeadReason::kRejected, static_cast<std::int64_t>(effects.rejected.size()));
  std::vector<LastOutcomes> outcomes;
  for (const auto& recorded : effects.attempts) {
    const auto& [settlement, settled] = recorded;
    const Attempt& attempt = settlement.attempt;
    if (const auto kind = attempt_class(attempt)) metrics_.attempt(*kind, attempt.duration);
    stats.push_back(stat_of(recorded));
    add_outcome(settlement, outcomes);
    if (!settled.applied) {
      metrics_.late_answers(1);
    } else if (std::holds_alternative<Delivered>(settlement.next)) {
      metrics_.deliveries_ended(DeliveryState::kDelivered, 1);
      metrics_.delivered(attempt.started_at + attempt.duration - settlement.event->created_at);
    } else if (const auto* dead = std::get_if<Dead>(&settlement.next)) {
      metrics_.dead(dead->reason, 1);
    }
  }
  metrics_.set_in_flight(static_cast<std::int64_t>(dispatcher_.in_flight()));
  maintenance_.add_stats(stats);
  maintenance_.add_outcomes(outcomes);
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

std::string Service::render_metrics() {
  metrics_.set_ready(ready().has_value());
  return metrics_.render();
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
