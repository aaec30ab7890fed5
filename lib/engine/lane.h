// An endpoint's work in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/clock.h"
#include "domain/endpoint.h"
#include "engine/ordering_queues.h"
#include "engine/rate_log.h"
#include "engine/throttle_backoff.h"
#include "store/records.h"

namespace postrider {

/// What all lanes of an engine hold: payload bytes that are ready, and lines.
struct ReadyBudget {
  std::size_t bytes_max = 0;
  std::size_t bytes = 0;
  OrderingBudget ordering{};
};

/// What a lane holds of its endpoint's pending deliveries, and what it knows of those it leaves in
/// the store.
///
/// Memory is bounded whatever the backlog: a full lane leaves the rest in the store and reads it
/// page by page. Owned by the engine.
class Lane {
 public:
  /// `store_may_hold`: whether deliveries may wait in the store that the lane has not been told of.
  /// `budget` is shared by all lanes and outlives them.
  Lane(std::shared_ptr<const Endpoint> endpoint, bool store_may_hold, ReadyBudget& budget);

  [[nodiscard]] const Endpoint& endpoint() const { return *endpoint_; }
  [[nodiscard]] std::shared_ptr<const Endpoint> shared_endpoint() const { return endpoint_; }
  void set_endpoint(std::shared_ptr<const Endpoint> endpoint);

  /// Takes a delivery that was just committed, when it is due, there is room and nothing older
  /// would be overtaken; else the store keeps it until a page brings it.
  void enqueue(DueDelivery fresh, WallTime now);
  /// A delivery of no line was just committed: whether enqueue() would take it if it is due. If
  /// not, a page brings what the lane does not hold.
  [[nodiscard]] bool accepts(DeliveryId id);

  /// A delivery of the line was just committed, which may not be its head.
  void notify_appended(DeliveryId id, const std::string& key);

  /// Whether a page is wanted now. A lane that may not send does not page either.
  [[nodiscard]] bool wants_page(WallTime now) const;
  void take_page(DuePage page);
  /// Likewise a page of the heads of its lines.
  [[nodiscard]] bool wants_heads(WallTime now) const;
  [[nodiscard]] OrderedParams heads_params(WallTime now, std::size_t rows_max);
  void take_heads(OrderedPage page);
  /// Rows that pages may bring, of each kind that is wanted. No more than may be sent when the rest
  /// would have to be given back.
  [[nodiscard]] std::size_t rows_max(WallTime wall_now, MonoTime mono_now) const;
  /// Which page is read first: room for one may be all that there is, time after time.
  [[nodiscard]] bool heads_go_first() const { return heads_go_first_; }

  /// Whether the endpoint's own limit leaves room for one more request.
  [[nodiscard]] bool has_free_slot() const;
  /// Whether the endpoint may be sent anything now.
  [[nodiscard]] bool may_send(MonoTime now) const { return may_ever_send() && !waits_until(now); }
  /// Whether something is ready, or should be read.
  [[nodiscard]] bool has_work(WallTime now) const { return !ready_.empty() || wants_read(now); }
  [[nodiscard]] bool wants_read(WallTime now) const { return wants_page(now) || wants_heads(now); }
  /// Whether a request could go out now, apart from the process-wide limit.
  [[nodiscard]] bool can_send(MonoTime now) const;
  /// Takes the next delivery to send; it stays held as in flight. `can_send` is true.
  [[nodiscard]] DueDelivery take_ready();
  /// Takes `wanted` when it is ready, else of what is ready the one with the fewest attempts.
  [[nodiscard]] DueDelivery take_probe(std::optional<DeliveryId> wanted);
  /// Makes a delivery ready that is not held, whatever the room.
  void add_wanted(DueDelivery delivery) { push_ready(std::move(delivery)); }
  [[nodiscard]] bool is_ready(DeliveryId id) const;

  /// Keeps the delivery that was just taken from being sent until somebody else ends it: its event
  /// expired at `expired_at`. A lane that keeps many reads no more until then.
  void set_aside(DeliveryId id, WallTime expired_at);
  /// Gives back what was set aside when the clock was set back to before its end.
  void reconsider(WallTime now);

  /// The delivery that was just taken, or is in flight, waits for what its request needs; its slot
  /// stays taken. A lane prepares a few at a time.
  void preparing(DeliveryId id);
  /// Whether what was prepared for `endpoint` may go out: nobody changed the delivery or the
  /// endpoint meanwhile, and the endpoint may be sent something now.
  [[nodiscard]] bool may_resume(DeliveryId id, const Endpoint& endpoint, MonoTime now) const;
  /// What it needs is there: it is in flight.
  void prepared(DeliveryId id);
  /// It goes back to the store unsent, and its slot is free.
  void put_back(DeliveryId id);

  /// A request goes out: a rate limit counts it.
  void sent(MonoTime at) {
    if (rate_) rate_->record(at);
  }
  /// An answer came: the slot stays taken until settled().
  void throttled(MonoTime now, std::optional<Millis> retry_after) {
    throttle_.begin(now, retry_after);
  }
  void answered() { throttle_.reset(); }
  /// The receiver asked never to be called again: nothing goes out until that is settled, and with
  /// it the endpoint's state is told.
  void gone(DeliveryId id);
  /// The endpoint was deleted: nothing goes out any more.
  void stop() { stopped_ = true; }

  /// The settlement is committed. `applied`: the delivery was still what it was when the request
  /// was sent; `due_at` when it is then still pending.
  void settled(DeliveryId id, bool applied, std::optional<WallTime> due_at);

  /// Somebody changed the delivery, of this line if of any, in the store: forgets it unless it is
  /// in flight, and reads the store again.
  void changed(DeliveryId id, const std::optional<std::string>& lane_key);
  /// Anything may have changed in the store.
  void resync();
  /// All that it knows of is when deliveries fall due: it holds none and wants to read none.
  [[nodiscard]] bool only_waits() const {
    return held_.empty() && !more_in_store_ && ordering_.is_idle();
  }

  /// Gives what is ready back to the store, as when the lane may not send for a while.
  void unload();
  /// Whether the lane may not send for so long that what is ready is of more use in the store. A
  /// lane that sends again soon would only read it once more.
  [[nodiscard]] bool should_unload(MonoTime now) const;

  /// Nothing held, nothing known to wait: the lane can go.
  [[nodiscard]] bool is_idle() const;
  [[nodiscard]] std::size_t ready_count() const { return ready_.size(); }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] bool holds_any() const { return !held_.empty(); }
  [[nodiscard]] bool is_held(DeliveryId id) const { return held_.contains(id.value); }
  [[nodiscard]] bool may_ever_send() const;
  [[nodiscard]] std::optional<WallTime> next_due_at() const;
  /// When a throttle and when the rate limit let the next request out; nothing when they let it
  /// now.
  [[nodiscard]] std::optional<MonoTime> throttled_until(MonoTime now) const {
    return throttle_.until(now);
  }
  [[nodiscard]] std::optional<MonoTime> rate_limited_until(MonoTime now) const {
    return rate_ ? rate_->full_until(now) : std::nullopt;
  }
  /// The later of both.
  [[nodiscard]] std::optional<MonoTime> waits_until(MonoTime now) const;
  /// Up to when the lane knows something that the endpoint's next deliveries need; nothing when it
  /// knows nothing.
  [[nodiscard]] std::optional<MonoTime> matters_until(MonoTime now) const;

 private:
  /// kOutdated: it was changed while it was prepared.
  enum class Holding : std::uint8_t { kReady, kPreparing, kOutdated, kInFlight, kGone, kSetAside };

  [[nodiscard]] bool is_preparing(DeliveryId id) const;
  [[nodiscard]] bool has_room() const;
  /// Whether as many are ready or set aside that no page is wanted.
  [[nodiscard]] bool is_full() const;
  void enqueue_ordered(DueDelivery fresh, WallTime now);
  /// Forgets a delivery that is not in flight.
  void let_go(DeliveryId id);
  void give_back_set_aside();
  void note_due(WallTime due_at);
  void push_ready(DueDelivery delivery);
  DueDelivery take(std::deque<DueDelivery>::iterator ready);
  DueDelivery pop_ready(std::deque<DueDelivery>::iterator ready);

  ReadyBudget& budget_;
  std::shared_ptr<const Endpoint> endpoint_;  // shared with the registry and the writer's routing
  std::deque<DueDelivery> ready_;
  std::size_t ready_bytes_ = 0;
  // A settled row stays `pending` on disk until its commit, and paging would otherwise send it a
  // second time.
  std::unordered_map<std::int64_t, Holding> held_;
  std::size_t in_flight_ = 0;  // with those that are prepared
  std::size_t preparing_count_ = 0;
  std::size_t gone_count_ = 0;  // of those in flight
  std::size_t set_aside_count_ = 0;
  WallTime set_aside_until_;  // the latest instant at which one of them expired
  bool more_in_store_;
  std::optional<WallTime> next_due_at_;
  DeliveryId paged_up_to_;
  OrderingQueues ordering_;
  bool heads_go_first_ = false;
  ThrottleBackoff throttle_;
  std::optional<RateLog> rate_;  // while the endpoint has a limit
  bool stopped_ = false;
};

}  // namespace postrider
