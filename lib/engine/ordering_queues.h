// The queues of an endpoint's ordered deliveries, one per ordering key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "store/records.h"

namespace postrider {

/// Memory for the queues of all lanes of an engine.
struct OrderingBudget {
  std::size_t bytes_max = 0;
  std::size_t bytes = 0;
};

/// Deliveries with the same key form a queue. Only the head, the oldest pending delivery in the
/// store, may be sent; the next one follows when the head's final state is committed.
///
/// A known queue is in one of three states: *held* while one of its deliveries is ready, in flight
/// or set aside in the lane; *lookup* while its head has to be read from the store; *waiting* while
/// its head is due later. Memory is bounded: queues that do not fit are forgotten and found again
/// by a scan of the store. Owned by the lane.
class OrderingQueues {
 public:
  /// `store_may_hold`: whether the store may have pending deliveries that the lane does not know
  /// of. `budget` is shared by all lanes and outlives them.
  OrderingQueues(bool store_may_hold, OrderingBudget& budget) : budget_(budget) {
    if (store_may_hold) scan_ = Scan{};
  }
  OrderingQueues(const OrderingQueues&) = delete;
  OrderingQueues& operator=(const OrderingQueues&) = delete;
  ~OrderingQueues();

  // Notifications of the lane.

  /// A delivery of the queue was just committed. True if it is certainly the head: the caller then
  /// calls hold(), look_up() or wait(). False if it stays in the store.
  [[nodiscard]] bool is_fresh_head(const std::string& key, DeliveryId id);
  /// The head has to be read from the store.
  void look_up(const std::string& key);
  /// The head is due at `due_at`.
  void wait(const std::string& key, WallTime due_at);
  /// A delivery of the queue was changed in the store.
  void changed(const std::string& key);
  /// Any delivery may have changed in the store.
  void resync();
  /// The store has a pending delivery of an unknown queue.
  void scan_all();
  /// The lane will send nothing for a while: forgets every queue that is not held.
  void forget();

  // Held queues.

  /// `has_successors`: whether more deliveries of the queue may wait in the store.
  void hold(const std::string& key, DeliveryId id, bool has_successors) {
    hold(entry_of(key), id, has_successors);
  }
  /// The held delivery of the queue.
  [[nodiscard]] std::optional<DeliveryId> held_of(const std::string& key) const;
  [[nodiscard]] bool holds(DeliveryId id) const { return held_.contains(id.value); }
  /// The delivery goes back to the store unsent.
  void give_back(DeliveryId id);
  /// The settlement of the delivery is committed; see Lane::settled.
  void settled(DeliveryId id, bool applied, std::optional<WallTime> due_at);

  // Reading the store.

  [[nodiscard]] bool wants_page(WallTime now) const {
    return scan_ || !lookups_.empty() || (next_due_at() && *next_due_at() <= now);
  }
  /// The instant at which the next head is due.
  [[nodiscard]] std::optional<WallTime> next_due_at() const;
  /// What to read next: up to `rows_max` deliveries. `rows_max` must be at least 2.
  [[nodiscard]] OrderedParams params(WallTime now, std::size_t rows_max);
  /// Processes the page of the last params(). `push` returns false when it has no room for a head.
  void take_page(OrderedPage page, const std::function<bool(DueDelivery&)>& push);

  /// Whether no queue waits or is to be looked up, and no scan is pending. Successors of held
  /// queues do not count.
  [[nodiscard]] bool is_idle() const {
    return lookups_.empty() && waiting_.empty() && !scan_ && !overflow_at_;
  }

 private:
  enum class State : std::uint8_t { kLookup, kWaiting, kHeld };
  struct Queue {
    State state = State::kLookup;
    WallTime due_at;              // kWaiting
    DeliveryId held;              // kHeld
    bool has_successors = false;  // kHeld
    bool is_stale = false;        // kHeld: it may no longer be the head
  };
  struct Scan {
    std::optional<std::string> after;
  };
  using Queues = std::unordered_map<std::string, Queue>;
  /// A queue and its key. Its address is stable until it is dropped.
  using Entry = Queues::value_type;
  struct Earlier {
    bool operator()(const Entry* a, const Entry* b) const {
      return std::tie(a->second.due_at, a->first) < std::tie(b->second.due_at, b->first);
    }
  };

  [[nodiscard]] bool has_room(const std::string& key) const;
  /// Returns the queue; adds it if it is unknown.
  Entry& entry_of(const std::string& key);
  void drop(Entry& entry);
  // For a queue that is in none of the states.
  void enqueue_lookup(Entry& entry);
  void enter_waiting(Entry& entry, WallTime due_at);
  void hold(Entry& entry, DeliveryId id, bool has_successors);
  /// Ends the state kHeld of the queue.
  [[nodiscard]] Entry& release(DeliveryId id);
  void wake(WallTime now);
  void take_looked_up(
      std::vector<OrderedHead>& heads, const std::function<bool(DueDelivery&)>& push
  );
  void take_scanned(OrderedPage& page, const std::function<bool(DueDelivery&)>& push);

  OrderingBudget& budget_;
  Queues queues_;
  // Each entry of queues_ is in one of these.
  std::deque<Entry*> lookups_;
  std::set<Entry*, Earlier> waiting_;
  std::unordered_map<std::int64_t, Entry*> held_;
  std::optional<Scan> scan_;
  bool scan_again_ = false;  // from the first key, after the current scan
  // When the first head of the forgotten queues is due.
  std::optional<WallTime> overflow_at_;
  DeliveryId seen_up_to_;
  bool scan_goes_first_ = false;
};

}  // namespace postrider
