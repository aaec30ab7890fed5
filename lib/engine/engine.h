// Decides which delivery is sent when: lanes, limits, circuits, results.
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
  /// Whether other nodes append deliveries, so that notifications of these arrive later.
  bool others_append = false;
};

/// How soon a settlement must be committed: whether a delivery that could be sent waits for it.
enum class Urgency : std::uint8_t { kCanWait, kAwaited };

/// Queues settlements for the writer. It has a place for every request in flight, so put() never
/// fails.
class SettlementSink {
 public:
  SettlementSink() = default;
  SettlementSink(const SettlementSink&) = delete;
  SettlementSink& operator=(const SettlementSink&) = delete;
  virtual ~SettlementSink() = default;

  virtual void put(Settlement settlement, Urgency urgency) = 0;
};

/// Owns all lanes of one dispatcher. Deterministic and single-threaded: time and randomness are
/// passed in, the seams outlive it, and nothing happens outside of its calls.
///
/// The dispatcher's thread calls it. At the start: put_endpoint(), then restore_circuit(),
/// set_fast() and seed_send() from the store. Then in a loop: notifications of commits (through
/// EngineInbox), set_writable(), and tick() with the completions of the transport that do not
/// belong to TestRequests. The writer commits what tick() passes to the sink, and the commit comes
/// back as settled(). An error of tick() is a failed read of the store: the next tick() repeats it.
///
/// A request's slot, in the process and in its lane, is free when its settlement is committed, not
/// when the response arrives. A crash therefore repeats at most as many requests as the limits
/// allow.
class Engine {
 public:
  struct Seams {
    StoreReader& store;
    Transport& transport;
    TemplateRunner& template_runner;
    SettlementSink& sink;
  };
  Engine(EngineOptions options, IdCodec ids, const Seams& seams, Prng prng);

  // Notifications. They change the state at once; reading and sending happen in tick().

  /// A delivery was committed by this process.
  void enqueue(DueDelivery fresh, WallTime now);
  /// Another node has committed an unordered delivery. Returns true if its lane has room: the
  /// caller then reads the row and passes it to enqueue(). Otherwise the engine reads it in a later
  /// page.
  [[nodiscard]] bool accepts(DeliveryId delivery, EndpointId endpoint);
  /// A delivery that another node has committed, as read from the store.
  void enqueue(PendingDelivery fresh, WallTime now);
  /// Another node has committed an ordered delivery.
  void notify_appended(DeliveryId delivery, EndpointId endpoint, const std::string& lane_key);
  /// A settlement was committed. `applied`: false if the delivery was changed after the request was
  /// sent, so that the settlement did not change it. `due_at`: the next attempt, if the delivery is
  /// still pending.
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
  /// Releases the endpoints of those partitions to another node: sends nothing more for them, and
  /// forgets each once its requests in flight are settled.
  void abandon(const Partitions& partitions);
  /// The released partitions that still have requests in flight.
  [[nodiscard]] Partitions leaving() const;
  /// Whether deliveries were read that need a later version of their endpoint than the engine has.
  /// Nothing is sent to these endpoints until put_endpoint().
  [[nodiscard]] bool awaits_endpoints() const { return !awaited_.empty(); }
  /// Sets whether the endpoint is fast; see ConcurrencyLimiter.
  void set_fast(EndpointId id, bool fast);
  /// Restores the circuit of an endpoint that has failed `failures` times in a row, as stored.
  void restore_circuit(
      EndpointId id,
      std::int64_t failures,
      const std::optional<OpenCircuit>& stored,
      WallTime wall_now,
      MonoTime mono_now
  );
  [[nodiscard]] bool is_fast(EndpointId id) const { return fast_.contains(id.value); }
  /// A person asked for this delivery: if the endpoint's circuit is open, it is queued as a probe
  /// that does not wait for the probe delay. Ignored if Circuit::kWantedMax are queued. If the
  /// delivery is ordered, the head of its queue is sent instead.
  void request_probe(DeliveryId delivery, EndpointId endpoint);
  /// Counts a request that an earlier process sent at `at` against the endpoint's rate limit.
  /// Called in ascending order, before anything is sent to the endpoint.
  void seed_send(EndpointId id, MonoTime at);
  /// The delivery was changed in the store by a person, a sweep or another node.
  void delivery_changed(
      DeliveryId delivery, EndpointId endpoint, const std::optional<std::string>& lane_key
  );
  /// The store may have pending deliveries of the endpoint that the engine does not know of.
  void resync_endpoint(EndpointId endpoint);
  /// Notifications may have been lost: lanes that hold deliveries, or have more to read, read the
  /// store again. For the others the caller finds pending deliveries and calls notify_waiting().
  void resync_all();
  /// The endpoint has pending deliveries in the store, as a resync found: the engine reads the ones
  /// that it does not know of.
  void notify_waiting(const WaitingEndpoint& waiting);
  /// While false, nothing is sent: a delivery that cannot be settled would be sent again.
  void set_writable(bool writable) { writable_ = writable; }
  /// From now on nothing new is sent.
  void drain() { draining_ = true; }

  /// Settles completed requests, reads pages, and sends what the limits allow.
  [[nodiscard]] Status tick(
      WallTime wall_now, MonoTime mono_now, std::vector<Completion> completions
  );

  /// How long until the next tick() has work without a notification; nothing = forever.
  [[nodiscard]] std::optional<Millis> idle_for(WallTime wall_now, MonoTime mono_now) const;

  /// The endpoints whose throttle or rate limit began, moved or ended since the last call. Taken
  /// after every tick.
  [[nodiscard]] std::vector<BackpressureLog::Change> take_backpressure_changes() {
    return backpressure_.take_changes();
  }

  /// Requests whose settlement is not committed yet.
  [[nodiscard]] std::size_t in_flight() const { return limiter_.taken(); }
  [[nodiscard]] std::size_t ready_bytes() const { return budget_.bytes; }
  [[nodiscard]] std::size_t ordering_bytes() const { return budget_.ordering.bytes; }
  [[nodiscard]] std::size_t lanes_count() const { return lanes_.size(); }

 private:
  [[nodiscard]] Lane* find_lane(EndpointId id);
  /// Returns the endpoint's lane, creating it if necessary; null if the endpoint is unknown.
  [[nodiscard]] Lane* lane_of(EndpointId id, bool store_may_hold);
  /// The urgency of a delivery's settlement. `circuit_matters`: whether the circuit was open before
  /// the attempt or is open now.
  [[nodiscard]] Urgency urgency_of(const Delivery& delivery, const Lane& lane, bool circuit_matters)
      const;
  /// Updates the lane with the stage that an attempt has reached.
  void track_attempt(AttemptStage step, Lane& lane, DeliveryId id, MonoTime mono_now);
  /// Sends a prepared attempt, or gives its delivery back if it may no longer be sent.
  void resume_attempt(Prepared prepared, WallTime wall_now, MonoTime mono_now);
  [[nodiscard]] bool may_resume(
      const InFlightAttempt& attempt, const Lane& lane, WallTime wall_now, MonoTime mono_now
  );
  void settle(AttemptResult&& answer, WallTime wall_now, MonoTime mono_now);
  /// Applies throttling and 410 of a response to its endpoint.
  void apply_backpressure(const AttemptResult& answer, Lane& lane, MonoTime mono_now);
  /// Sets whether the endpoint is fast, by the time for preparing and for the response.
  void classify_speed(const AttemptResult& answer, MonoTime mono_now);
  /// Updates the endpoint's circuit; returns the open circuit to store, if any.
  [[nodiscard]] std::optional<OpenCircuit> update_circuit(
      const InFlightAttempt& sent, bool is_well, WallTime wall_now, MonoTime mono_now
  );
  /// Returns the endpoint's circuit if it is open, else null.
  [[nodiscard]] Circuit* open_circuit(EndpointId id);
  /// Reads the delivery that a person asked for, and makes it ready if it can be sent.
  [[nodiscard]] Status fetch_wanted(
      Lane& lane, Circuit& circuit, WallTime wall_now, MonoTime mono_now
  );
  /// Until when the endpoint's host is paused for all endpoints.
  [[nodiscard]] std::optional<MonoTime> host_throttled_until(const Lane& lane, MonoTime mono_now)
      const;
  /// Whether the state, throttle, rate limit, host and circuit of the endpoint allow a request now,
  /// and whether the engine has the version of the endpoint that its deliveries need.
  [[nodiscard]] bool may_send(const Lane& lane, MonoTime mono_now);
  [[nodiscard]] Status serve(EndpointId id, WallTime wall_now, MonoTime mono_now);
  /// Reads the pages that the lane wants. Unordered deliveries and heads get half of the room each.
  [[nodiscard]] Status read_store(Lane& lane, WallTime wall_now, MonoTime mono_now);
  /// Whether deliveries were read that need a later version of the endpoint.
  [[nodiscard]] bool is_for_later(const Lane& lane, std::int64_t version);
  [[nodiscard]] Status read_page(Lane& lane, WallTime wall_now, std::size_t rows_max);
  [[nodiscard]] Status read_heads(Lane& lane, WallTime wall_now, std::size_t rows_max);
  void send(Lane& lane, WallTime wall_now, MonoTime mono_now);
  void schedule(EndpointId id);
  /// Forgets a released endpoint if it has nothing in flight.
  void forget_if_drained(EndpointId id);
  void forget(EndpointId id);
  /// Queues a lane without a request in flight until a slot is free.
  void wait_for_slot(EndpointId id);
  void report_backpressure(const Lane& lane, MonoTime mono_now);
  /// Schedules the first lane that waits for a slot; false if there is none, or no slot for a slow
  /// endpoint: only slow endpoints wait.
  [[nodiscard]] bool wake_for_slot();
  /// Sets the timers that schedule the lane next, or drops the lane if it has nothing left to do.
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
  // Lanes that may have work, each at most once, in round-robin order.
  std::deque<EndpointId> runnable_;
  std::unordered_set<std::int64_t> is_runnable_;
  // Lanes that wait for a due delivery, and for the end of a throttle or a rate limit.
  TimerQueue<WallTime> due_timers_;
  TimerQueue<MonoTime> throttle_timers_;
  HostThrottle host_throttle_;
  BackpressureLog backpressure_;
  ConcurrencyLimiter limiter_;
  std::unordered_set<std::int64_t> fast_;     // endpoints, which outlive their lanes
  std::unordered_set<std::int64_t> leaving_;  // released endpoints with requests in flight
  std::unordered_map<std::int64_t, std::int64_t> awaited_;  // see awaits_endpoints()
  // One for each endpoint whose last attempt failed.
  std::unordered_map<std::int64_t, Circuit> circuits_;
  // Lanes without a request in flight that wait for a slot, each at most once, in order.
  std::deque<EndpointId> waiting_for_slot_;
  std::unordered_set<std::int64_t> is_waiting_for_slot_;
  bool writable_ = true;
  bool draining_ = false;
};

}  // namespace postrider
