// Decides what is sent when: lanes, limits, outcomes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/prng.h"
#include "domain/partition.h"
#include "domain/retry_policy.h"
#include "engine/attempt_pipeline.h"
#include "engine/backpressure_log.h"
#include "engine/circuit.h"
#include "engine/concurrency_limiter.h"
#include "engine/host_throttle.h"
#include "engine/lane.h"
#include "engine/request.h"
#include "engine/timer_queue.h"
#include "store/reader.h"
#include "transport/transport.h"

namespace postrider {

struct EngineOptions {
  std::size_t in_flight_max = 512;
  std::size_t ready_bytes_max = 64U << 20U;
  std::size_t ordering_bytes_max = limits::kKeyBytesMax;
  RetryPolicy retry_default;
  RequestOptions request;
  /// Whether other processes append, too, and what they have appended is told of later.
  bool others_append = false;
};

/// Whether something that could be sent waits for a settlement to be committed.
enum class Urgency : std::uint8_t { kCanWait, kAwaited };

/// Takes what the engine decided to where it is written. A place is free for every request in
/// flight: it never refuses.
class SettlementSink {
 public:
  SettlementSink() = default;
  SettlementSink(const SettlementSink&) = delete;
  SettlementSink& operator=(const SettlementSink&) = delete;
  virtual ~SettlementSink() = default;

  virtual void put(Settlement settlement, Urgency urgency) = 0;
};

/// The owner of all lanes of one dispatcher. Pure and single-threaded: time, randomness and the
/// seams are handed in and outlive it; nothing happens outside of its calls.
///
/// A request's slot, of the process and of its lane, is free when its settlement is committed, not
/// when the answer came: so a crash repeats at most what the limits allow.
class Engine {
 public:
  struct Seams {
    StoreReader& store;
    Transport& transport;
    TemplateRunner& template_runner;
    SettlementSink& sink;
  };
  Engine(EngineOptions options, IdCodec ids, const Seams& seams, Prng prng);

  // What others tell the engine. All of it takes effect in the next tick.

  /// A delivery was committed.
  void enqueue(DueDelivery fresh, WallTime now);
  /// Another process has committed a delivery of no line: whether it is wanted at once, read by
  /// whoever tells, with enqueue(). If not, the engine reads it when there is room.
  [[nodiscard]] bool accepts(DeliveryId delivery, EndpointId endpoint);
  /// Another process has committed it, as was read.
  void enqueue(PendingDelivery fresh, WallTime now);
  /// Another process has committed a delivery of the line.
  void notify_appended(DeliveryId delivery, EndpointId endpoint, const std::string& lane_key);
  /// A settlement was committed. `applied`: the delivery was still what it was when the request was
  /// sent; `due_at` when it is then still pending.
  void settled(
      DeliveryId delivery, EndpointId endpoint, bool applied, std::optional<WallTime> due_at
  );
  /// The template runner has run the programs of an attempt.
  void take_template_result(TemplateResult result) {
    pipeline_.take_template_result(std::move(result));
  }
  /// The endpoint is new or was changed.
  void put_endpoint(std::shared_ptr<const Endpoint> endpoint);
  void remove_endpoint(EndpointId id);
  /// Sends nothing more for the endpoints of those partitions, which another process gets, and
  /// forgets each of them once what is in flight for it is settled.
  void abandon(const Partitions& partitions);
  /// Those of them for which something is in flight.
  [[nodiscard]] Partitions leaving() const;
  /// The store holds a later version of an endpoint: nothing is sent to it until put_endpoint().
  [[nodiscard]] bool awaits_endpoints() const { return !awaited_.empty(); }
  /// Whether the endpoint answered at once when it was last heard of.
  void set_fast(EndpointId id, bool fast);
  /// The endpoint has failed `failures` times in a row, as a process before left it.
  void restore_circuit(
      EndpointId id,
      std::int64_t failures,
      const std::optional<OpenCircuit>& stored,
      WallTime wall_now,
      MonoTime mono_now
  );
  [[nodiscard]] bool is_fast(EndpointId id) const { return fast_.contains(id.value); }
  /// A person asks for this delivery: when the endpoint's circuit is open, it is its next probe, at
  /// once.
  void request_probe(DeliveryId delivery, EndpointId endpoint);
  /// A request that a process before sent at `at` counts against the endpoint's rate limit. In the
  /// order of their instants, before anything is sent to it.
  void seed_send(EndpointId id, MonoTime at);
  /// Somebody changed this delivery in the store.
  void delivery_changed(
      DeliveryId delivery, EndpointId endpoint, const std::optional<std::string>& lane_key
  );
  /// Deliveries of this endpoint may wait in the store that the engine has not been told of.
  void resync_endpoint(EndpointId endpoint);
  /// What the engine was told may be less than all that happened to what it holds.
  void resync_all();
  /// Likewise to those of this endpoint, which has deliveries in the store: what it does not know
  /// of is read.
  void notify_waiting(const WaitingEndpoint& waiting);
  /// While false, nothing is sent: what cannot be settled would only be repeated.
  void set_writable(bool writable) { writable_ = writable; }
  /// From now on nothing new is sent.
  void drain() { draining_ = true; }

  /// Judges the answers that came, reads pages, sends what may be sent.
  [[nodiscard]] Status tick(
      WallTime wall_now, MonoTime mono_now, std::vector<Completion> completions
  );

  /// How long nothing will happen unless somebody tells the engine something; nothing = for good.
  [[nodiscard]] std::optional<Millis> idle_for(WallTime wall_now, MonoTime mono_now) const;

  /// The endpoints whose throttle or rate limit began, moved or ended since the last call. Taken
  /// after every tick.
  [[nodiscard]] std::vector<BackpressureLog::Change> take_backpressure_changes() {
    return backpressure_.take_changes();
  }

  /// Requests sent whose settlement is not committed yet.
  [[nodiscard]] std::size_t in_flight() const { return limiter_.taken(); }
  [[nodiscard]] std::size_t ready_bytes() const { return budget_.bytes; }
  [[nodiscard]] std::size_t ordering_bytes() const { return budget_.ordering.bytes; }
  [[nodiscard]] std::size_t lanes_count() const { return lanes_.size(); }

 private:
  [[nodiscard]] Lane* find_lane(EndpointId id);
  /// The endpoint's lane, made when there is none; null when the endpoint is unknown.
  [[nodiscard]] Lane* lane_of(EndpointId id, bool store_may_hold);
  /// Of the settlement of a delivery whose slots are still taken.
  /// `circuit_matters`: the endpoint's circuit was open before or is now.
  [[nodiscard]] Urgency urgency_of(const Delivery& delivery, const Lane& lane, bool circuit_matters)
      const;
  /// What has become of an attempt of the lane.
  void track_attempt(AttemptStage step, Lane& lane, DeliveryId id, MonoTime mono_now);
  /// An attempt was prepared: it goes on, unless what it was begun for is no more.
  void resume_attempt(Prepared prepared, WallTime wall_now, MonoTime mono_now);
  [[nodiscard]] bool may_resume(
      const InFlightAttempt& attempt, const Lane& lane, WallTime wall_now, MonoTime mono_now
  );
  void settle(AttemptResult&& answer, WallTime wall_now, MonoTime mono_now);
  /// What an answer says of its endpoint: holds, whether it is gone.
  void apply_backpressure(const AttemptResult& answer, Lane& lane, MonoTime mono_now);
  /// Whether the endpoint keeps its slots for long, by its programs or by its answers.
  void classify_speed(const AttemptResult& answer, MonoTime mono_now);
  /// What the attempt makes of the endpoint's circuit.
  [[nodiscard]] std::optional<OpenCircuit> update_circuit(
      const InFlightAttempt& sent, bool is_well, WallTime wall_now, MonoTime mono_now
  );
  /// The endpoint's circuit; null unless it is open.
  [[nodiscard]] Circuit* open_circuit(EndpointId id);
  /// Makes the delivery ready that people asked for first, when it can be sent.
  [[nodiscard]] Status fetch_wanted(
      Lane& lane, Circuit& circuit, WallTime wall_now, MonoTime mono_now
  );
  /// Until when the endpoint's host has asked all who send chats to it to wait.
  [[nodiscard]] std::optional<MonoTime> host_throttled_until(const Lane& lane, MonoTime mono_now)
      const;
  /// Whether endpoint, hold, rate limit and circuit allow a request now.
  [[nodiscard]] bool may_send(const Lane& lane, MonoTime mono_now);
  [[nodiscard]] Status serve(EndpointId id, WallTime wall_now, MonoTime mono_now);
  /// Reads what the lane wants: deliveries without a line, heads of lines, half of the room each.
  [[nodiscard]] Status read_store(Lane& lane, WallTime wall_now, MonoTime mono_now);
  /// Whether deliveries were read that are for a later version of the endpoint.
  [[nodiscard]] bool is_for_later(const Lane& lane, std::int64_t version);
  [[nodiscard]] Status read_page(Lane& lane, WallTime wall_now, std::size_t rows_max);
  [[nodiscard]] Status read_heads(Lane& lane, WallTime wall_now, std::size_t rows_max);
  void send(Lane& lane, WallTime wall_now, MonoTime mono_now);
  void schedule(EndpointId id);
  /// Forgets an endpoint that is leaving and has nothing in flight.
  void forget_if_drained(EndpointId id);
  void forget(EndpointId id);
  /// A lane that has nothing in flight could not begin: it is looked at once a slot is free.
  void wait_for_slot(EndpointId id);
  void report_backpressure(const Lane& lane, MonoTime mono_now);
  /// Makes the first of those runnable; false when there is none or no slot.
  [[nodiscard]] bool wake_for_slot();
  /// Sets when the lane is looked at next without being told, or lets it go when there is nothing
  /// left to do.
  void reschedule(EndpointId id, Lane& lane, WallTime wall_now, MonoTime mono_now);
  [[nodiscard]] bool may_send_any() const { return writable_ && !draining_ && limiter_.any_free(); }
  [[nodiscard]] bool has_slot(const Lane& lane) const {
    return lane.has_free_slot() &&
           limiter_.may_acquire(is_fast(lane.endpoint().id), lane.in_flight());
  }

  const EngineOptions options_;
  StoreReader& store_;
  SettlementSink& sink_;
  Prng prng_;

  AttemptPipeline pipeline_;
  ReadyBudget budget_;
  std::unordered_map<std::int64_t, std::shared_ptr<const Endpoint>> endpoints_;
  std::unordered_map<std::int64_t, Lane> lanes_;
  // Lanes that may be able to do something, each at most once, in round-robin order.
  std::deque<EndpointId> runnable_;
  std::unordered_set<std::int64_t> is_runnable_;
  // Lanes that wait for a delivery to fall due, and for a hold or a rate limit to let them send.
  TimerQueue<WallTime> due_timers_;
  TimerQueue<MonoTime> throttle_timers_;
  HostThrottle host_throttle_;
  BackpressureLog backpressure_;
  ConcurrencyLimiter limiter_;
  std::unordered_set<std::int64_t> fast_;                   // endpoints; their lanes come and go
  std::unordered_set<std::int64_t> leaving_;                // endpoints with something in flight
  std::unordered_map<std::int64_t, std::int64_t> awaited_;  // versions of endpoints
  // Of the endpoints whose last attempt failed.
  std::unordered_map<std::int64_t, Circuit> circuits_;
  // Lanes without a request that found no slot, each at most once, in order.
  std::deque<EndpointId> waiting_for_slot_;
  std::unordered_set<std::int64_t> is_waiting_for_slot_;
  bool writable_ = true;
  bool draining_ = false;
};

}  // namespace postrider
