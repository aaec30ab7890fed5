// The in-memory queue of one endpoint.
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

/// Memory that all lanes of an engine share.
struct ReadyBudget {
  std::size_t bytes_max = 0;
  std::size_t bytes = 0;
  OrderingBudget ordering{};
};

/// Holds some pending deliveries of its endpoint and knows what else waits in the store. Memory is
/// bounded whatever the backlog: a full lane leaves deliveries in the store and reads them page by
/// page. Owned by the engine.
class Lane {
 public:
  /// `store_may_hold`: whether the store may have pending deliveries that the lane does not know
  /// of. `budget` is shared by all lanes and outlives them.
  Lane(std::shared_ptr<const Endpoint> endpoint, bool store_may_hold, ReadyBudget& budget);

  [[nodiscard]] const Endpoint& endpoint() const { return *endpoint_; }
  [[nodiscard]] std::shared_ptr<const Endpoint> shared_endpoint() const { return endpoint_; }
  void set_endpoint(std::shared_ptr<const Endpoint> endpoint);

  /// Takes a delivery that was just committed if it is due, there is room, and it overtakes no
  /// older one. Otherwise a later page reads it from the store.
  void enqueue(DueDelivery fresh, WallTime now);
  /// Whether enqueue() would take an unordered delivery that was just committed, if it is due.
  /// Otherwise a later page reads it from the store.
  [[nodiscard]] bool accepts(DeliveryId id);

  /// An ordered delivery was just committed, which may not be the head of its queue.
  void notify_appended(DeliveryId id, const std::string& key);

  /// Whether unordered deliveries should be read now. False while the endpoint is inactive or the
  /// lane is stopped; a throttle or a rate limit does not matter.
  [[nodiscard]] bool wants_page(WallTime now) const;
  void take_page(DuePage page);
  /// Whether heads of ordering queues should be read now. False as for wants_page().
  [[nodiscard]] bool wants_heads(WallTime now) const;
  [[nodiscard]] OrderedParams heads_params(WallTime now, std::size_t rows_max);
  void take_heads(OrderedPage page);
  /// The rows to read in a page: the room in the lane. For rate limits of at most one request per
  /// second it is at most the number of requests allowed now. It is halved if both kinds are read,
  /// and at least 2.
  [[nodiscard]] std::size_t rows_max(WallTime wall_now, MonoTime mono_now) const;
  /// Whether heads are read first. It alternates, because there may be room for one page only.
  [[nodiscard]] bool heads_go_first() const { return heads_go_first_; }

  /// Whether the endpoint's `max_in_flight` allows one more request.
  [[nodiscard]] bool has_free_slot() const;
  /// Whether the state, the throttle and the rate limit of the endpoint allow a request now.
  [[nodiscard]] bool may_send(MonoTime now) const { return may_ever_send() && !waits_until(now); }
  /// Whether a delivery is ready, or a page should be read.
  [[nodiscard]] bool has_work(WallTime now) const { return !ready_.empty() || wants_read(now); }
  [[nodiscard]] bool wants_read(WallTime now) const { return wants_page(now) || wants_heads(now); }
  /// Whether a request could be sent now, apart from the limit of the process.
  [[nodiscard]] bool can_send(MonoTime now) const;
  /// Removes the next ready delivery, which is then in flight. Requires can_send().
  [[nodiscard]] DueDelivery take_ready();
  /// Removes the ready delivery `wanted`, or else the one with the fewest attempts.
  [[nodiscard]] DueDelivery take_probe(std::optional<DeliveryId> wanted);
  /// Makes a delivery ready that is not held, even in a full lane.
  void add_wanted(DueDelivery delivery) { push_ready(std::move(delivery)); }
  [[nodiscard]] bool is_ready(DeliveryId id) const;

  /// Keeps the delivery that was just taken until the sweep ends it, because its event expired at
  /// `expired_at`. A lane that keeps kLaneReadyMax of these reads no more.
  void set_aside(DeliveryId id, WallTime expired_at);
  /// Gives deliveries that were set aside back to the store if the clock was set back to before
  /// their expiry.
  void reconsider(WallTime now);

  /// The delivery that was just taken, or is in flight, waits for a token or for programs. Its slot
  /// stays taken. A lane prepares a few at a time.
  void preparing(DeliveryId id);
  /// Whether an attempt that was prepared for `endpoint` may be sent: neither delivery nor endpoint
  /// was changed, and a request is allowed now.
  [[nodiscard]] bool may_resume(DeliveryId id, const Endpoint& endpoint, MonoTime now) const;
  /// The delivery is prepared and now in flight.
  void prepared(DeliveryId id);
  /// The delivery goes back to the store unsent, and its slot is free.
  void put_back(DeliveryId id);

  /// A request is sent: the rate limit counts it.
  void sent(MonoTime at) {
    if (rate_) rate_->record(at);
  }
  // The state of the throttle. Neither call frees a slot.
  void throttled(MonoTime now, std::optional<Millis> retry_after) {
    throttle_.begin(now, retry_after);
  }
  void answered() { throttle_.reset(); }
  /// The receiver answered 410: nothing is sent until the settlement has changed the endpoint's
  /// state.
  void gone(DeliveryId id);
  /// The endpoint was deleted or released: nothing more is sent.
  void stop() { stopped_ = true; }

  /// The settlement is committed. `applied`: false if the delivery was changed after the request
  /// was sent, so that the settlement did not change it. `due_at`: the next attempt, if the
  /// delivery is still pending.
  void settled(DeliveryId id, bool applied, std::optional<WallTime> due_at);

  /// The delivery was changed in the store by a person, a sweep or another node. The lane forgets
  /// it unless it is in flight, and reads the store again.
  void changed(DeliveryId id, const std::optional<std::string>& lane_key);
  /// Any delivery may have changed in the store.
  void resync();
  /// Whether the lane holds no delivery and has none to read: it knows at most when the next
  /// unordered delivery is due.
  [[nodiscard]] bool only_waits() const {
    return held_.empty() && !more_in_store_ && ordering_.is_idle();
  }

  /// Gives the ready deliveries back to the store.
  void unload();
  /// Whether the lane may not send for so long that its ready deliveries should go back to the
  /// store.
  [[nodiscard]] bool should_unload(MonoTime now) const;

  /// Whether the lane holds nothing and knows of nothing that waits, so that it can be dropped.
  [[nodiscard]] bool is_idle() const;
  [[nodiscard]] std::size_t ready_count() const { return ready_.size(); }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] bool holds_any() const { return !held_.empty(); }
  [[nodiscard]] bool is_held(DeliveryId id) const { return held_.contains(id.value); }
  [[nodiscard]] bool may_ever_send() const;
  [[nodiscard]] std::optional<WallTime> next_due_at() const;
  // When the throttle or the rate limit allows the next request; nothing when it allows one now.

  [[nodiscard]] std::optional<MonoTime> throttled_until(MonoTime now) const {
    return throttle_.until(now);
  }
  [[nodiscard]] std::optional<MonoTime> rate_limited_until(MonoTime now) const {
    return rate_ ? rate_->full_until(now) : std::nullopt;
  }
  /// The later of throttled_until() and rate_limited_until().
  [[nodiscard]] std::optional<MonoTime> waits_until(MonoTime now) const;
  /// Until when the throttle or the rate limit matters to the next deliveries; nothing when neither
  /// does.
  [[nodiscard]] std::optional<MonoTime> matters_until(MonoTime now) const;

 private:
  /// kOutdated: changed in the store while it was prepared.
  enum class Holding : std::uint8_t { kReady, kPreparing, kOutdated, kInFlight, kGone, kSetAside };

  [[nodiscard]] bool is_preparing(DeliveryId id) const;
  [[nodiscard]] bool has_room() const;
  /// Whether so many deliveries are ready or set aside that none should be read.
  [[nodiscard]] bool is_full() const;
  void enqueue_ordered(DueDelivery fresh, WallTime now);
  /// Drops the delivery if it is ready or set aside, marks it outdated if it is being prepared, and
  /// ignores it if it is in flight.
  void let_go(DeliveryId id);
  void give_back_set_aside();
  void note_due(WallTime due_at);
  void push_ready(DueDelivery delivery);
  DueDelivery take(std::deque<DueDelivery>::iterator ready);
  DueDelivery pop_ready(std::deque<DueDelivery>::iterator ready);

  ReadyBudget& budget_;
  std::shared_ptr<const Endpoint> endpoint_;  // shared with the engine and the writer's routing
  std::deque<DueDelivery> ready_;
  std::size_t ready_bytes_ = 0;
  // By delivery id. A settled row stays `pending` in the store until its commit: without this, a
  // page would send it a second time.
  std::unordered_map<std::int64_t, Holding> held_;
  std::size_t in_flight_ = 0;  // includes attempts that are being prepared
  std::size_t preparing_count_ = 0;
  std::size_t gone_count_ = 0;  // in flight after a 410
  std::size_t set_aside_count_ = 0;
  WallTime set_aside_until_;  // the latest expiry of these
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
