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
struct LineBudget {
  std::size_t bytes_max = 0;
  std::size_t bytes = 0;
};

/// Deliveries with one lane key are a line: only its head, the oldest that is pending in the store,
/// may be sent, and the next one when the store has the head's end. A line is held while one of its
/// deliveries is ready, in flight or set aside in the lane; queued while its head has to be looked
/// up; waiting while its head is due later; else nothing of it is known. Memory is bounded: what
/// does not fit is found by a walk through all lines.
///
/// Owned by the lane.
class OrderedLines {
 public:
  /// `store_may_hold`: whether deliveries may wait in the store that the lane has not been told of.
  /// `budget` is shared by all lanes and outlives them.
  OrderedLines(bool store_may_hold, LineBudget& budget) : budget_(budget) {
    if (store_may_hold) walk_ = Walk{};
  }
  OrderedLines(const OrderedLines&) = delete;
  OrderedLines& operator=(const OrderedLines&) = delete;
  ~OrderedLines();

  // What the lane is told.

  /// A delivery of the line was just committed. True when it is the head without a doubt: the lane
  /// then holds it, or leaves it by queue() or wait(). False: it waits in the store.
  [[nodiscard]] bool is_fresh_head(const std::string& key, DeliveryId id);
  /// The head has to be looked up.
  void queue(const std::string& key);
  /// The head is due at that instant.
  void wait(const std::string& key, WallTime due_at);
  /// Somebody changed a delivery of the line in the store.
  void changed(const std::string& key);
  /// Anything may have changed in the store.
  void read_again();
  /// A delivery of some line waits in the store.
  void walk_all();
  /// The lane will send nothing for a while: leaves all that is not held to the store.
  void forget();

  // What the lane holds.

  /// `has_followers`: more of the line may wait behind it.
  void hold(const std::string& key, DeliveryId id, bool has_followers) {
    hold(entry_of(key), id, has_followers);
  }
  /// The delivery of the line that is held.
  [[nodiscard]] std::optional<DeliveryId> held_of(const std::string& key) const;
  [[nodiscard]] bool holds(DeliveryId id) const { return held_.contains(id.value); }
  /// It goes back to the store unsent.
  void give_back(DeliveryId id);
  /// Its settlement is committed; see Lane::settled.
  void settled(DeliveryId id, bool applied, std::optional<WallTime> due_at);

  // What the lane reads.

  [[nodiscard]] bool wants_page(WallTime now) const {
    return walk_ || !queue_.empty() || (next_due_at() && *next_due_at() <= now);
  }
  /// When a head falls due next.
  [[nodiscard]] std::optional<WallTime> next_due_at() const;
  /// What the next page is for, with up to `rows_max` (2 at least) deliveries.
  [[nodiscard]] OrderedParams params(WallTime now, std::size_t rows_max);
  /// Takes the page of the last params(). `push` takes a head that is due, or has no room for it.
  void take_page(OrderedPage page, const std::function<bool(DueDelivery&)>& push);

  /// Nothing is known to wait in the store.
  [[nodiscard]] bool is_idle() const {
    return queue_.empty() && waiting_.empty() && !walk_ && !overflow_at_;
  }

 private:
  enum class State : std::uint8_t { kQueued, kWaiting, kHeld };
  struct Line {
    State state = State::kQueued;
    WallTime due_at;             // kWaiting
    DeliveryId held;             // kHeld
    bool has_followers = false;  // kHeld
    bool is_stale = false;       // kHeld: it may not be the head any more
  };
  struct Walk {
    std::optional<std::string> after;
  };
  using Lines = std::unordered_map<std::string, Line>;
  /// A line with its key; stays where it is until it is dropped.
  using Entry = Lines::value_type;
  struct Earlier {
    bool operator()(const Entry* a, const Entry* b) const {
      return std::tie(a->second.due_at, a->first) < std::tie(b->second.due_at, b->first);
    }
  };

  [[nodiscard]] bool has_room(const std::string& key) const;
  /// The line, made when it is not known.
  Entry& entry_of(const std::string& key);
  void drop(Entry& entry);
  // For a line that is not known, or is leaving what it was.
  void enqueue(Entry& entry);
  void enter_waiting(Entry& entry, WallTime due_at);
  void hold(Entry& entry, DeliveryId id, bool has_followers);
  /// Takes the line off what is held.
  [[nodiscard]] Entry& release(DeliveryId id);
  void wake(WallTime now);
  void take_looked_up(
      std::vector<OrderedHead>& heads, const std::function<bool(DueDelivery&)>& push
  );
  void take_walked(OrderedPage& page, const std::function<bool(DueDelivery&)>& push);

  LineBudget& budget_;
  Lines lines_;
  // Entries of lines_, each in one of these.
  std::deque<Entry*> queue_;
  std::set<Entry*, Earlier> waiting_;
  std::unordered_map<std::int64_t, Entry*> held_;
  std::optional<Walk> walk_;
  bool walk_again_ = false;  // from the first line, after the walk that is under way
  // When the first head falls due of those that found no room to wait.
  std::optional<WallTime> overflow_at_;
  DeliveryId seen_up_to_;
  bool walk_goes_first_ = false;
};

}  // namespace postrider
