#include "engine/ordering_queues.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"

namespace postrider {
namespace {

/// Approximate memory of a queue besides its key.
constexpr std::size_t kQueueBytes = 200;

std::size_t bytes_of(const std::string& key) { return key.size() + kQueueBytes; }

void set_earlier(std::optional<WallTime>& at, WallTime other) {
  if (!at || other < *at) at = other;
}

}  // namespace

OrderingQueues::~OrderingQueues() {
  for (const auto& [key, queue] : queues_) budget_.bytes -= bytes_of(key);
}

// --- Notifications of the lane -------------------------------------------------------------------

bool OrderingQueues::is_fresh_head(const std::string& key, DeliveryId id) {
  const auto found = queues_.find(key);
  if (found != queues_.end()) {
    // A waiting head is looked up before it is held, and then finds its successors.
    if (found->second.state == State::kHeld) found->second.has_successors = true;
    return false;
  }
  // A page could have read it, or an older delivery of a forgotten queue may wait.
  if (scan_ || overflow_at_ || id <= seen_up_to_) {
    look_up(key);
    return false;
  }
  return true;
}

void OrderingQueues::look_up(const std::string& key) {
  if (queues_.contains(key)) return;
  if (!has_room(key)) return scan_all();
  enqueue_lookup(entry_of(key));
}

void OrderingQueues::wait(const std::string& key, WallTime due_at) {
  if (!queues_.contains(key)) enter_waiting(entry_of(key), due_at);
}

void OrderingQueues::changed(const std::string& key) {
  const auto found = queues_.find(key);
  if (found == queues_.end()) return look_up(key);
  if (found->second.state == State::kHeld) found->second.is_stale = true;
  if (found->second.state != State::kWaiting) return;
  waiting_.erase(&*found);
  enqueue_lookup(*found);
}

void OrderingQueues::resync() {
  for (const auto& [id, entry] : held_) entry->second.is_stale = true;
  scan_all();
}

void OrderingQueues::scan_all() {
  if (scan_) {
    scan_again_ = scan_again_ || scan_->after.has_value();
    return;
  }
  scan_ = Scan{};
  overflow_at_.reset();  // the scan will find all forgotten queues
}

void OrderingQueues::forget() {
  if (is_idle()) return;
  lookups_.clear();
  waiting_.clear();
  for (auto queue = queues_.begin(); queue != queues_.end();) {
    Entry& entry = *queue++;
    if (entry.second.state != State::kHeld) drop(entry);
  }
  overflow_at_.reset();
  scan_ = Scan{};
  scan_again_ = false;
}

// --- Held queues ---------------------------------------------------------------------------------

std::optional<DeliveryId> OrderingQueues::held_of(const std::string& key) const {
  const auto found = queues_.find(key);
  if (found == queues_.end() || found->second.state != State::kHeld) return std::nullopt;
  return found->second.held;
}

void OrderingQueues::give_back(DeliveryId id) { enqueue_lookup(release(id)); }

void OrderingQueues::settled(DeliveryId id, bool applied, std::optional<WallTime> due_at) {
  Entry& entry = release(id);
  const bool is_known = applied && !entry.second.is_stale;
  if (is_known && due_at) {
    enter_waiting(entry, *due_at);
  } else if (is_known && !entry.second.has_successors) {
    drop(entry);
  } else {
    enqueue_lookup(entry);
  }
}

// --- Reading the store ---------------------------------------------------------------------------

std::optional<WallTime> OrderingQueues::next_due_at() const {
  std::optional<WallTime> next = overflow_at_;
  if (!waiting_.empty()) set_earlier(next, (*waiting_.begin())->second.due_at);
  return next;
}

void OrderingQueues::wake(WallTime now) {
  while (!waiting_.empty() && (*waiting_.begin())->second.due_at <= now) {
    Entry& entry = **waiting_.begin();
    waiting_.erase(waiting_.begin());
    enqueue_lookup(entry);
  }
  if (overflow_at_ && *overflow_at_ <= now) {
    overflow_at_.reset();
    scan_all();
  }
}

OrderedParams OrderingQueues::params(WallTime now, std::size_t rows_max) {
  POSTRIDER_ASSERT(rows_max >= 2);
  wake(now);
  OrderedParams params;
  params.now = now;
  params.rows_max = rows_max;
  // Half of the page is for the scan, so that neither lookups nor the scan starve.
  const std::size_t keys = std::min(lookups_.size(), scan_ ? rows_max / 2 : rows_max);
  for (std::size_t i = 0; i < keys; ++i) params.keys.push_back(lookups_[i]->first);
  if (!scan_) return params;
  params.scan = true;
  params.after = scan_->after;
  params.keys_max = limits::kScannedKeysMax;
  params.is_known = [this](const std::string& key) {
    const auto queue = queues_.find(key);
    return queue != queues_.end() && queue->second.state != State::kWaiting;
  };
  return params;
}

void OrderingQueues::take_page(OrderedPage page, const std::function<bool(DueDelivery&)>& push) {
  seen_up_to_ = std::max(seen_up_to_, page.newest);
  // A page may have room for one delivery only, so lookups and the scan take turns.
  scan_goes_first_ = !scan_goes_first_;
  const bool walks = scan_.has_value();
  if (walks && scan_goes_first_) take_scanned(page, push);
  take_looked_up(page.heads, push);
  if (walks && !scan_goes_first_) take_scanned(page, push);
}

void OrderingQueues::take_looked_up(
    std::vector<OrderedHead>& heads, const std::function<bool(DueDelivery&)>& push
) {
  for (auto& head : heads) {
    POSTRIDER_ASSERT(!lookups_.empty() && lookups_.front()->first == head.lane_key);
    Entry& entry = *lookups_.front();
    lookups_.pop_front();
    if (!head.due_at) {
      drop(entry);
    } else if (!head.delivery) {
      enter_waiting(entry, *head.due_at);
    } else {
      const DeliveryId id = head.delivery->delivery.id;
      if (push(*head.delivery)) {
        hold(entry, id, head.has_successors);
      } else {
        enqueue_lookup(entry);
      }
    }
  }
}

void OrderingQueues::take_scanned(
    OrderedPage& page, const std::function<bool(DueDelivery&)>& push
) {
  for (auto& head : page.scanned) {
    const auto found = queues_.find(head.lane_key);
    const bool is_waiting = found != queues_.end() && found->second.state == State::kWaiting;
    if (found != queues_.end() && !is_waiting) continue;
    const DeliveryId id = head.delivery ? head.delivery->delivery.id : DeliveryId{};
    if (head.delivery && !push(*head.delivery)) return;  // the scan continues with this queue
    if (is_waiting) waiting_.erase(&*found);
    Entry& entry = entry_of(head.lane_key);
    if (head.delivery) {
      hold(entry, id, head.has_successors);
    } else {
      enter_waiting(entry, *head.due_at);
    }
    scan_->after = std::move(head.lane_key);
  }
  scan_->after = page.scanned_up_to;
  if (page.scanned_up_to) return;
  scan_.reset();
  if (std::exchange(scan_again_, false)) scan_all();
}

// --- States of queues ----------------------------------------------------------------------------

bool OrderingQueues::has_room(const std::string& key) const {
  return lookups_.size() + waiting_.size() < limits::kLaneKeysMax &&
         budget_.bytes + bytes_of(key) <= budget_.bytes_max;
}

OrderingQueues::Entry& OrderingQueues::entry_of(const std::string& key) {
  const auto [queue, is_new] = queues_.try_emplace(key);
  if (is_new) budget_.bytes += bytes_of(key);
  return *queue;
}

void OrderingQueues::drop(Entry& entry) {
  budget_.bytes -= bytes_of(entry.first);
  queues_.erase(queues_.find(entry.first));
}

void OrderingQueues::enqueue_lookup(Entry& entry) {
  entry.second.state = State::kLookup;
  lookups_.push_back(&entry);
}

void OrderingQueues::enter_waiting(Entry& entry, WallTime due_at) {
  entry.second.state = State::kWaiting;
  entry.second.due_at = due_at;
  waiting_.insert(&entry);
  if (lookups_.size() + waiting_.size() <= limits::kLaneKeysMax &&
      budget_.bytes <= budget_.bytes_max)
    return;
  // The queues whose heads are due last are forgotten; a scan finds them again.
  Entry& last = **std::prev(waiting_.end());
  set_earlier(overflow_at_, last.second.due_at);
  waiting_.erase(std::prev(waiting_.end()));
  drop(last);
}

void OrderingQueues::hold(Entry& entry, DeliveryId id, bool has_successors) {
  entry.second.state = State::kHeld;
  entry.second.held = id;
  entry.second.has_successors = has_successors;
  entry.second.is_stale = false;
  held_.emplace(id.value, &entry);
}

OrderingQueues::Entry& OrderingQueues::release(DeliveryId id) {
  const auto found = held_.find(id.value);
  POSTRIDER_ASSERT(found != held_.end());
  Entry& entry = *found->second;
  held_.erase(found);
  return entry;
}

}  // namespace postrider
