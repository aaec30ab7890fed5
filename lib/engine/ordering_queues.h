// The lines of an endpoint's ordered deliveries, as its lane knows them.
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

/// Bytes that the lines of all lanes of an engine are remembered in.
struct OrderingBudget {
  std::size_t bytes_max = 0;
  std::size_t bytes = 0;
};

/// Deliveries with one lane key are a queue: only its head, the oldest that is pending in the
/// store, may be sent, and the next one when the store has the head's end. A queue is held while
/// one of its deliveries is ready, in flight or set aside in the lane; queued while its head has to
/// be looked up; waiting while its head is due later; else nothing of it is known. Memory is
/// bounded: what does not fit is found by a scan through all lines.
///
/// Owned by the lane.
class OrderingQueues {
 public:
  /// `store_may_hold`: whether deliveries may wait in the store that the lane has not been told of.
  /// `budget` is shared by all lanes and outlives them.
  OrderingQueues(bool store_may_hold, OrderingBudget& budget) : budget_(budget) {
    if (store_may_hold) scan_ = Scan{};
  }
  OrderingQueues(const OrderingQueues&) = delete;
  OrderingQueues& operator=(const OrderingQueues&) = delete;
  ~OrderingQueues();

  // What the lane is told.

  /// A delivery of the queue was just committed. True when it is the head without a doubt: the lane
  /// then holds it, or leaves it by look_up() or wait(). False: it waits in the store.
  [[nodiscard]] bool is_fresh_head(const std::string& key, DeliveryId id);
  /// The head has to be looked up.
  void look_up(const std::string& key);
  /// The head is due at that instant.
  void wait(const std::string& key, WallTime due_at);
  /// Somebody changed a delivery of the queue in the store.
  void changed(const std::string& key);
  /// Anything may have changed in the store.
  void resync();
  /// A delivery of some queue waits in the store.
  void scan_all();
  /// The lane will send nothing for a while: leaves all that is not held to the store.
  void forget();

  // What the lane holds.

  /// `has_successors`: more of the queue may wait behind it.
  void hold(const std::string& key, DeliveryId id, bool has_successors) {
    hold(entry_of(key), id, has_successors);
  }
  /// The delivery of the queue that is held.
  [[nodiscard]] std::optional<DeliveryId> held_of(const std::string& key) const;
  [[nodiscard]] bool holds(DeliveryId id) const { return held_.contains(id.value); }
  /// It goes back to the store unsent.
  void give_back(DeliveryId id);
  /// Its settlement is committed; see Lane::settled.
  void settled(DeliveryId id, bool applied, std::optional<WallTime> due_at);

  // What the lane reads.

  [[nodiscard]] bool wants_page(WallTime now) const {
    return scan_ || !lookups_.empty() || (next_due_at() && *next_due_at() <= now);
  }
  /// When a head falls due next.
  [[nodiscard]] std::optional<WallTime> next_due_at() const;
  /// What the next page is for, with up to `rows_max` (2 at least) deliveries.
  [[nodiscard]] OrderedParams params(WallTime now, std::size_t rows_max);
  /// Takes the page of the last params(). `push` takes a head that is due, or has no room for it.
  void take_page(OrderedPage page, const std::function<bool(DueDelivery&)>& push);

  /// Nothing is known to wait in the store.
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
    bool is_stale = false;        // kHeld: it may not be the head any more
  };
  struct Scan {
    std::optional<std::string> after;
  };
  using Queues = std::unordered_map<std::string, Queue>;
  /// A queue with its key; stays where it is until it is dropped.
  using Entry = Queues::value_type;
  struct Earlier {
    bool operator()(const Entry* a, const Entry* b) const {
      return std::tie(a->second.due_at, a->first) < std::tie(b->second.due_at, b->first);
    }
  };

  [[nodiscard]] bool has_room(const std::string& key) const;
  /// The queue, made when it is not known.
  Entry& entry_of(const std::string& key);
  void drop(Entry& entry);
  // For a queue that is not known, or is leaving what it was.
  void enqueue_lookup(Entry& entry);
  void enter_waiting(Entry& entry, WallTime due_at);
  void hold(Entry& entry, DeliveryId id, bool has_successors);
  /// Takes the queue off what is held.
  [[nodiscard]] Entry& release(DeliveryId id);
  void wake(WallTime now);
  void take_looked_up(
      std::vector<OrderedHead>& heads, const std::function<bool(DueDelivery&)>& push
  );
  void take_scanned(OrderedPage& page, const std::function<bool(DueDelivery&)>& push);

  OrderingBudget& budget_;
  Queues queues_;
  // Entries of queues_, each in one of these.
  std::deque<Entry*> lookups_;
  std::set<Entry*, Earlier> waiting_;
  std::unordered_map<std::int64_t, Entry*> held_;
  std::optional<Scan> scan_;
  bool scan_again_ = false;  // from the first queue, after the scan that is under way
  // When the first head falls due of those that found no room to wait.
  std::optional<WallTime> overflow_at_;
  DeliveryId seen_up_to_;
  bool scan_goes_first_ = false;
};

}  // namespace postrider
