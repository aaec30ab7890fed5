#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace postrider {
namespace {

/// Turns of lanes in one tick; a lane may have several. Responses of fast receivers are read before
/// more is sent, which reuses their connections: with hundreds of requests in flight libcurl takes
/// twice the time for each.
constexpr int kServedPerTickMax = 64;

}  // namespace

Engine::Engine(EngineOptions options, IdCodec ids, const Seams& seams, Prng prng)
    : options_(std::move(options)),
      store_(seams.store),
      sink_(seams.sink),
      prng_(prng),
      pipeline_(options_.request, ids, seams.transport, seams.template_runner),
      budget_{options_.ready_bytes_max, 0, {options_.ordering_bytes_max, 0}},
      limiter_(options_.in_flight_max) {}

void Engine::enqueue(DueDelivery fresh, WallTime now) {
  const EndpointId id = fresh.delivery.endpoint;
  Lane* lane = lane_of(id, false);
  if (lane == nullptr) return;  // the endpoint was deleted since; its deliveries are cancelled
  if (options_.others_append && fresh.delivery.lane_key) {
    // Another node may have appended an older one, whose notification has not arrived yet.
    lane->notify_appended(fresh.delivery.id, *fresh.delivery.lane_key);
  } else {
    lane->enqueue(std::move(fresh), now);
  }
  schedule(id);
}

bool Engine::accepts(DeliveryId delivery, EndpointId endpoint) {
  Lane* lane = lane_of(endpoint, false);
  if (lane == nullptr) return false;
  schedule(endpoint);
  return lane->accepts(delivery);
}

void Engine::enqueue(PendingDelivery fresh, WallTime now) {
  Lane* lane = lane_of(fresh.pending.delivery.endpoint, false);
  // A duplicate notification, or a page that was read meanwhile: the lane may hold it already.
  if (lane == nullptr || lane->is_held(fresh.pending.delivery.id)) return;
  if (is_for_later(*lane, fresh.endpoint_version)) {
    resync_endpoint(fresh.pending.delivery.endpoint);
  } else {
    enqueue(std::move(fresh.pending), now);
  }
}

void Engine::notify_appended(
    DeliveryId delivery, EndpointId endpoint, const std::string& lane_key
) {
  Lane* lane = lane_of(endpoint, true);
  if (lane == nullptr) return;
  lane->notify_appended(delivery, lane_key);
  schedule(endpoint);
}

void Engine::settled(
    DeliveryId delivery, EndpointId endpoint, bool applied, std::optional<WallTime> due_at
) {
  Lane* lane = find_lane(endpoint);
  POSTRIDER_ASSERT(lane != nullptr);  // a lane exists while it holds a delivery
  limiter_.release(is_fast(endpoint));
  if (Circuit* circuit = open_circuit(endpoint); circuit != nullptr) circuit->settled(delivery);
  lane->settled(delivery, applied, due_at);
  schedule(endpoint);
  forget_if_drained(endpoint);
}

void Engine::put_endpoint(std::shared_ptr<const Endpoint> endpoint) {
  const EndpointId id = endpoint->id;
  const auto known = endpoints_.find(id.value);
  if (known != endpoints_.end() && known->second->health_round != endpoint->health_round)
    circuits_.erase(id.value);
  const auto awaited = awaited_.find(id.value);
  if (awaited != awaited_.end() && awaited->second <= endpoint->version) awaited_.erase(awaited);
  if (Lane* lane = find_lane(id); lane != nullptr) {
    lane->set_endpoint(endpoint);
    if (!lane->may_ever_send()) lane->unload();
    schedule(id);
  }
  endpoints_.insert_or_assign(id.value, std::move(endpoint));
}

void Engine::remove_endpoint(EndpointId id) {
  awaited_.erase(id.value);
  endpoints_.erase(id.value);
  circuits_.erase(id.value);
  Lane* lane = find_lane(id);
  if (lane == nullptr) {
    fast_.erase(id.value);
    return;
  }
  lane->stop();
  lane->unload();
  schedule(id);
}

void Engine::abandon(const Partitions& partitions) {
  std::vector<EndpointId> abandoned;
  const auto take = [&](EndpointId id) {
    if (partitions.test(partition_of(id))) abandoned.push_back(id);
  };
  for (const auto& [id, endpoint] : endpoints_) take({id});
  // A deleted endpoint may still have requests in flight.
  for (const auto& [id, lane] : lanes_) {
    if (!endpoints_.contains(id)) take({id});
  }
  for (const EndpointId id : abandoned) {
    leaving_.insert(id.value);
    due_timers_.set(id, std::nullopt);
    throttle_timers_.set(id, std::nullopt);
    backpressure_.set(id, {});
    if (Lane* lane = find_lane(id); lane != nullptr) {
      lane->stop();
      lane->unload();
    }
    forget_if_drained(id);
  }
}

Partitions Engine::leaving() const {
  Partitions partitions;
  for (const std::int64_t id : leaving_) partitions.set(partition_of(EndpointId{id}));
  return partitions;
}

void Engine::forget_if_drained(EndpointId id) {
  if (!leaving_.contains(id.value)) return;
  const Lane* lane = find_lane(id);
  if (lane != nullptr && lane->in_flight() > 0) return;
  forget(id);
}

void Engine::forget(EndpointId id) {
  lanes_.erase(id.value);
  endpoints_.erase(id.value);
  circuits_.erase(id.value);
  fast_.erase(id.value);
  leaving_.erase(id.value);
  awaited_.erase(id.value);
}

void Engine::set_fast(EndpointId id, bool fast) {
  if (is_fast(id) == fast) return;
  if (fast) {
    fast_.insert(id.value);
  } else {
    fast_.erase(id.value);
  }
  Lane* lane = find_lane(id);
  if (lane == nullptr) return;
  limiter_.reclassify(fast, lane->in_flight());
  if (fast) schedule(id);
}

void Engine::restore_circuit(
    EndpointId id,
    std::int64_t failures,
    const std::optional<OpenCircuit>& stored,
    WallTime wall_now,
    MonoTime mono_now
) {
  circuits_.insert_or_assign(id.value, Circuit{failures, stored, wall_now, mono_now});
}

void Engine::request_probe(DeliveryId delivery, EndpointId endpoint) {
  Circuit* circuit = open_circuit(endpoint);
  if (circuit == nullptr || lane_of(endpoint, true) == nullptr) return;
  circuit->want(delivery);
  schedule(endpoint);
}

void Engine::seed_send(EndpointId id, MonoTime at) {
  Lane* lane = lane_of(id, false);
  if (lane == nullptr) return;
  lane->sent(at);
  schedule(id);
}

void Engine::delivery_changed(
    DeliveryId delivery, EndpointId endpoint, const std::optional<std::string>& lane_key
) {
  // The lane of a deleted endpoint may still hold deliveries that a sweep has just ended.
  Lane* lane = find_lane(endpoint);
  if (lane == nullptr) lane = lane_of(endpoint, true);
  if (lane == nullptr) return;
  lane->changed(delivery, lane_key);
  schedule(endpoint);
}

void Engine::resync_endpoint(EndpointId endpoint) {
  Lane* lane = lane_of(endpoint, true);
  if (lane == nullptr) return;
  lane->resync();
  schedule(endpoint);
}

void Engine::resync_all() {
  for (auto& [id, lane] : lanes_) {
    if (lane.only_waits()) continue;
    lane.resync();
    schedule(EndpointId{id});
  }
}

void Engine::notify_waiting(const WaitingEndpoint& waiting) {
  const Lane* lane = find_lane(waiting.endpoint);
  const bool is_known = lane != nullptr && lane->only_waits() && waiting.due_at &&
                        lane->next_due_at() && *lane->next_due_at() <= *waiting.due_at;
  if (!is_known) resync_endpoint(waiting.endpoint);
}

Status Engine::tick(WallTime wall_now, MonoTime mono_now, std::vector<Completion> completions) {
  const auto take = [&](AttemptResult&& answer) { settle(std::move(answer), wall_now, mono_now); };
  const auto prepares = [&](const InFlightAttempt& attempt) {
    const Delivery& delivery = attempt.due.delivery;
    find_lane(delivery.endpoint)->preparing(delivery.id);
  };
  pipeline_.advance(std::move(completions), wall_now, std::ref(take), std::ref(prepares));
  for (const Prepared prepared : pipeline_.take_prepared())
    resume_attempt(prepared, wall_now, mono_now);
  for (const EndpointId id : due_timers_.take_due(wall_now)) schedule(id);
  for (const EndpointId id : throttle_timers_.take_due(mono_now)) schedule(id);
  // One request per lane and turn, so that a long queue does not delay other endpoints.
  for (int served = 0; served < kServedPerTickMax && may_send_any(); ++served) {
    if (runnable_.empty() && !wake_for_slot()) break;
    const EndpointId id = runnable_.front();
    runnable_.pop_front();
    is_runnable_.erase(id.value);
    if (auto done = serve(id, wall_now, mono_now); !done) {
      schedule(id);
      return done;
    }
  }
  return {};
}

Status Engine::serve(EndpointId id, WallTime wall_now, MonoTime mono_now) {
  Lane* lane = find_lane(id);
  if (lane == nullptr || leaving_.contains(id.value)) return {};
  lane->reconsider(wall_now);
  Circuit* circuit = open_circuit(id);
  if (circuit != nullptr && has_slot(*lane) && may_send(*lane, mono_now)) {
    if (auto read = fetch_wanted(*lane, *circuit, wall_now, mono_now); !read) return read;
  }
  const bool has_wanted = circuit != nullptr && circuit->wanted();
  if (has_slot(*lane) && may_send(*lane, mono_now) && !has_wanted && lane->wants_read(wall_now)) {
    if (auto read = read_store(*lane, wall_now, mono_now); !read) return read;
  }
  if (has_slot(*lane) && may_send(*lane, mono_now) && lane->can_send(mono_now))
    send(*lane, wall_now, mono_now);
  const bool shut = circuit != nullptr && !circuit->may_probe(mono_now);
  if (shut || host_throttled_until(*lane, mono_now) || lane->should_unload(mono_now))
    lane->unload();
  if (may_send(*lane, mono_now) && lane->has_work(wall_now)) {
    if (has_slot(*lane)) {
      schedule(id);
      return {};
    }
    // A lane with requests in flight is scheduled when one of them is settled.
    if (lane->in_flight() == 0) wait_for_slot(id);
  }
  reschedule(id, *lane, wall_now, mono_now);
  return {};
}

Status Engine::read_store(Lane& lane, WallTime wall_now, MonoTime mono_now) {
  const bool wants_heads = lane.wants_heads(wall_now);
  const bool heads_first = wants_heads && lane.heads_go_first();
  const std::size_t rows_max = lane.rows_max(wall_now, mono_now);
  const bool wants_page = lane.wants_page(wall_now);
  Status read;
  if (heads_first) read = read_heads(lane, wall_now, rows_max);
  if (read && wants_page) read = read_page(lane, wall_now, rows_max);
  if (read && wants_heads && !heads_first) read = read_heads(lane, wall_now, rows_max);
  return read;
}

Status Engine::read_page(Lane& lane, WallTime wall_now, std::size_t rows_max) {
  DueParams params;
  params.endpoint = lane.endpoint().id;
  params.now = wall_now;
  params.rows_max = rows_max;
  params.is_held = [&lane](DeliveryId id) { return lane.is_held(id); };
  auto page = store_.due(params);
  if (!page) return tl::unexpected(std::move(page).error());
  if (!is_for_later(lane, page->endpoint_version)) lane.take_page(std::move(*page));
  return {};
}

Status Engine::read_heads(Lane& lane, WallTime wall_now, std::size_t rows_max) {
  auto page = store_.ordered(lane.heads_params(wall_now, rows_max));
  if (!page) return tl::unexpected(std::move(page).error());
  if (!is_for_later(lane, page->endpoint_version)) lane.take_heads(std::move(*page));
  return {};
}

bool Engine::is_for_later(const Lane& lane, std::int64_t version) {
  if (version <= lane.endpoint().version) return false;
  awaited_[lane.endpoint().id.value] = version;
  return true;
}

void Engine::send(Lane& lane, WallTime wall_now, MonoTime mono_now) {
  Circuit* circuit = open_circuit(lane.endpoint().id);
  DueDelivery due = circuit == nullptr ? lane.take_ready() : lane.take_probe(circuit->wanted());
  if (due.event->expires_at && *due.event->expires_at <= wall_now) {
    // The sweep will end it. Until then the lane holds it, so that no page reads it again.
    lane.set_aside(due.delivery.id, *due.event->expires_at);
    if (circuit != nullptr && circuit->wanted() == due.delivery.id) circuit->drop_wanted();
    return;
  }
  const DeliveryId id = due.delivery.id;
  if (circuit != nullptr) circuit->probe(id);
  limiter_.acquire(is_fast(lane.endpoint().id));
  InFlightAttempt attempt{std::move(due), lane.shared_endpoint(), mono_now};
  track_attempt(pipeline_.begin(std::move(attempt), wall_now, mono_now), lane, id, mono_now);
}

void Engine::track_attempt(AttemptStage step, Lane& lane, DeliveryId id, MonoTime mono_now) {
  if (step == AttemptStage::kSent) lane.sent(mono_now);
  if (step == AttemptStage::kPreparing) lane.preparing(id);
}

bool Engine::may_resume(
    const InFlightAttempt& attempt, const Lane& lane, WallTime wall_now, MonoTime mono_now
) {
  const DeliveryId id = attempt.due.delivery.id;
  const auto& expires_at = attempt.due.event->expires_at;
  const Circuit* circuit = open_circuit(lane.endpoint().id);
  return writable_ && !draining_ && lane.may_resume(id, *attempt.endpoint, mono_now) &&
         !host_throttled_until(lane, mono_now) && (circuit == nullptr || circuit->is_probe(id)) &&
         !(expires_at && *expires_at <= wall_now);
}

void Engine::resume_attempt(Prepared prepared, WallTime wall_now, MonoTime mono_now) {
  const InFlightAttempt& attempt = pipeline_.attempt(prepared.id);
  const DeliveryId id = attempt.due.delivery.id;
  const EndpointId endpoint = attempt.endpoint->id;
  Lane* lane = find_lane(endpoint);
  POSTRIDER_ASSERT(lane != nullptr);
  schedule(endpoint);
  if (prepared.can_resume && may_resume(attempt, *lane, wall_now, mono_now)) {
    lane->prepared(id);
    return track_attempt(pipeline_.resume(prepared.id, wall_now, mono_now), *lane, id, mono_now);
  }
  pipeline_.abort(prepared.id);
  lane->put_back(id);
  limiter_.release(is_fast(endpoint));
  if (Circuit* circuit = open_circuit(endpoint); circuit != nullptr) circuit->put_back(id);
  if (!prepared.can_resume) lane->throttled(mono_now, std::nullopt);
  forget_if_drained(endpoint);
}

Circuit* Engine::open_circuit(EndpointId id) {
  const auto found = circuits_.find(id.value);
  return found == circuits_.end() || !found->second.is_open() ? nullptr : &found->second;
}

Status Engine::fetch_wanted(Lane& lane, Circuit& circuit, WallTime wall_now, MonoTime mono_now) {
  for (auto wanted = circuit.wanted(); wanted; wanted = circuit.wanted()) {
    if (lane.is_ready(*wanted)) return {};
    if (!lane.is_held(*wanted)) {
      auto found = store_.pending({&*wanted, 1});
      if (!found) return tl::unexpected(std::move(found).error());
      const bool is_due = !found->empty() && *found->front().pending.delivery.due_at <= wall_now;
      if (is_due && is_for_later(lane, found->front().endpoint_version)) return {};
      if (is_due && !found->front().pending.delivery.lane_key) {
        lane.add_wanted(std::move(found->front().pending));
        return {};
      }
      // Only the head of an ordering queue may be sent, so the head is the probe.
      if (is_due) circuit.probe_now(mono_now);
    }
    // The delivery has ended, is due later, or is in flight.
    circuit.drop_wanted();
  }
  return {};
}

bool Engine::may_send(const Lane& lane, MonoTime mono_now) {
  if (!lane.may_send(mono_now) || awaited_.contains(lane.endpoint().id.value)) return false;
  if (host_throttled_until(lane, mono_now)) return false;
  const Circuit* circuit = open_circuit(lane.endpoint().id);
  return circuit == nullptr || circuit->may_probe(mono_now);
}

std::optional<MonoTime> Engine::host_throttled_until(const Lane& lane, MonoTime mono_now) const {
  const EndpointConfig& config = lane.endpoint().config;
  if (config.destination.type != DestinationType::kDiscord) return std::nullopt;
  return host_throttle_.until(config.url, mono_now);
}

std::optional<Millis> Engine::idle_for(WallTime wall_now, MonoTime mono_now) const {
  const bool slot_is_wanted = !waiting_for_slot_.empty() && limiter_.any_free_for_slow();
  if (pipeline_.any_waiting()) return Millis{0};
  if ((!runnable_.empty() || slot_is_wanted) && may_send_any()) return Millis{0};
  if (!writable_ || draining_) return std::nullopt;
  std::optional<Millis> idle;
  const auto consider = [&idle](Millis wait) {
    wait = std::max(wait, Millis{0});
    if (!idle || wait < *idle) idle = wait;
  };
  if (const auto due = due_timers_.earliest()) consider(*due - wall_now);
  if (const auto hold = throttle_timers_.earliest())
    consider(std::chrono::ceil<Millis>(*hold - mono_now));
  return idle;
}

Lane* Engine::find_lane(EndpointId id) {
  const auto found = lanes_.find(id.value);
  return found == lanes_.end() ? nullptr : &found->second;
}

Lane* Engine::lane_of(EndpointId id, bool store_may_hold) {
  const auto endpoint = endpoints_.find(id.value);
  if (endpoint == endpoints_.end() || leaving_.contains(id.value)) return nullptr;
  return &lanes_.try_emplace(id.value, endpoint->second, store_may_hold, budget_).first->second;
}

void Engine::schedule(EndpointId id) {
  if (is_runnable_.insert(id.value).second) runnable_.push_back(id);
}

void Engine::reschedule(EndpointId id, Lane& lane, WallTime wall_now, MonoTime mono_now) {
  const bool removed = !endpoints_.contains(id.value);
  const Circuit* circuit = open_circuit(id);
  const auto until_probe = circuit == nullptr ? std::nullopt : circuit->waits_until(mono_now);
  const auto until_host = host_throttled_until(lane, mono_now);
  const auto wait = std::max({lane.waits_until(mono_now), until_probe, until_host});
  // A throttle and the instants of sent requests outlive the deliveries: later deliveries of the
  // endpoint must obey the throttle and the rate limit, too.
  const auto matters = lane.matters_until(mono_now);
  const bool is_done = removed ? !lane.holds_any() : lane.is_idle() && !matters;
  if (is_done || removed) {
    backpressure_.set(id, {});
  } else {
    report_backpressure(lane, mono_now);
  }
  if (is_done) {
    due_timers_.set(id, std::nullopt);
    throttle_timers_.set(id, std::nullopt);
    lanes_.erase(id.value);
    if (removed) fast_.erase(id.value);
    return;
  }
  throttle_timers_.set(id, wait || !lane.is_idle() ? wait : matters);
  // A lane that waits for a slot, a probe, the end of a throttle, its rate limit, or for its
  // endpoint to be resumed is scheduled by that event.
  const bool waits_for_time = !wait && (circuit == nullptr || !circuit->is_probing()) &&
                              lane.may_ever_send() && lane.has_free_slot() &&
                              !lane.wants_read(wall_now);
  // An overdue delivery that the lane does not want to read has no room; it is read when it has.
  const auto due_at = lane.next_due_at();
  due_timers_.set(id, waits_for_time && due_at && *due_at > wall_now ? due_at : std::nullopt);
}

void Engine::report_backpressure(const Lane& lane, MonoTime mono_now) {
  const auto throttled_until =
      std::max(lane.throttled_until(mono_now), host_throttled_until(lane, mono_now));
  backpressure_.set(lane.endpoint().id, {throttled_until, lane.rate_limited_until(mono_now)});
}

void Engine::wait_for_slot(EndpointId id) {
  if (is_waiting_for_slot_.insert(id.value).second) waiting_for_slot_.push_back(id);
}

bool Engine::wake_for_slot() {
  if (waiting_for_slot_.empty() || !limiter_.any_free_for_slow()) return false;
  const EndpointId id = waiting_for_slot_.front();
  waiting_for_slot_.pop_front();
  is_waiting_for_slot_.erase(id.value);
  schedule(id);
  return true;
}

}  // namespace postrider
