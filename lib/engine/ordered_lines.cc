#include "engine/ordered_lines.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"

namespace postrider {
namespace {

/// What a line takes besides its key, about.
constexpr std::size_t kLineBytes = 200;

std::size_t bytes_of(const std::string& key) { return key.size() + kLineBytes; }

void set_earlier(std::optional<WallTime>& at, WallTime other) {
  if (!at || other < *at) at = other;
}

}  // namespace

OrderedLines::~OrderedLines() {
  for (const auto& [key, line] : lines_) budget_.bytes -= bytes_of(key);
}

// --- What the lane is told -----------------------------------------------------------------------

bool OrderedLines::is_fresh_head(const std::string& key, DeliveryId id) {
  const auto found = lines_.find(key);
  if (found != lines_.end()) {
    // A head that waits is looked up before it is held.
    if (found->second.state == State::kHeld) found->second.has_followers = true;
    return false;
  }
  // A page could see it, or what is older than it may wait unknown.
  if (walk_ || overflow_at_ || id <= seen_up_to_) {
    queue(key);
    return false;
  }
  return true;
}

void OrderedLines::queue(const std::string& key) {
  if (lines_.contains(key)) return;
  if (!has_room(key)) return walk_all();
  enqueue(entry_of(key));
}

void OrderedLines::wait(const std::string& key, WallTime due_at) {
  if (!lines_.contains(key)) enter_waiting(entry_of(key), due_at);
}

void OrderedLines::changed(const std::string& key) {
  const auto found = lines_.find(key);
  if (found == lines_.end()) return queue(key);
  if (found->second.state == State::kHeld) found->second.is_stale = true;
  if (found->second.state != State::kWaiting) return;
  waiting_.erase(&*found);
  enqueue(*found);
}

void OrderedLines::read_again() {
  for (const auto& [id, entry] : held_) entry->second.is_stale = true;
  walk_all();
}

void OrderedLines::walk_all() {
  if (walk_) {
    walk_again_ = walk_again_ || walk_->after.has_value();
    return;
  }
  walk_ = Walk{};
  overflow_at_.reset();  // the walk comes to all of them
}

void OrderedLines::forget() {
  if (is_idle()) return;
  queue_.clear();
  waiting_.clear();
  for (auto line = lines_.begin(); line != lines_.end();) {
    Entry& entry = *line++;
    if (entry.second.state != State::kHeld) drop(entry);
  }
  overflow_at_.reset();
  walk_ = Walk{};
  walk_again_ = false;
}

// --- What the lane holds -------------------------------------------------------------------------

std::optional<DeliveryId> OrderedLines::held_of(const std::string& key) const {
  const auto found = lines_.find(key);
  if (found == lines_.end() || found->second.state != State::kHeld) return std::nullopt;
  return found->second.held;
}

void OrderedLines::give_back(DeliveryId id) { enqueue(release(id)); }

void OrderedLines::settled(DeliveryId id, bool applied, std::optional<WallTime> due_at) {
  Entry& entry = release(id);
  const bool is_known = applied && !entry.second.is_stale;
  if (is_known && due_at) {
    enter_waiting(entry, *due_at);
  } else if (is_known && !entry.second.has_followers) {
    drop(entry);
  } else {
    enqueue(entry);
  }
}

// --- What the lane reads -------------------------------------------------------------------------

std::optional<WallTime> OrderedLines::next_due_at() const {
  std::optional<WallTime> next = overflow_at_;
  if (!waiting_.empty()) set_earlier(next, (*waiting_.begin())->second.due_at);
  return next;
}

void OrderedLines::wake(WallTime now) {
  while (!waiting_.empty() && (*waiting_.begin())->second.due_at <= now) {
    Entry& entry = **waiting_.begin();
    waiting_.erase(waiting_.begin());
    enqueue(entry);
  }
  if (overflow_at_ && *overflow_at_ <= now) {
    overflow_at_.reset();
    walk_all();
  }
}

OrderedParams OrderedLines::params(WallTime now, std::size_t rows_max) {
  POSTRIDER_ASSERT(rows_max >= 2);
  wake(now);
  OrderedParams params;
  params.now = now;
  params.rows_max = rows_max;
  // Half of the page is for the walk, so that neither keeps the other waiting.
  const std::size_t keys = std::min(queue_.size(), walk_ ? rows_max / 2 : rows_max);
  for (std::size_t i = 0; i < keys; ++i) params.keys.push_back(queue_[i]->first);
  if (!walk_) return params;
  params.walk = true;
  params.after = walk_->after;
  params.keys_max = limits::kWalkedKeysMax;
  params.is_known = [this](const std::string& key) {
    const auto line = lines_.find(key);
    return line != lines_.end() && line->second.state != State::kWaiting;
  };
  return params;
}

void OrderedLines::take_page(OrderedPage page, const std::function<bool(DueDelivery&)>& push) {
  seen_up_to_ = std::max(seen_up_to_, page.newest);
  // Room for one may be all that there is, page after page.
  walk_goes_first_ = !walk_goes_first_;
  const bool walks = walk_.has_value();
  if (walks && walk_goes_first_) take_walked(page, push);
  take_looked_up(page.heads, push);
  if (walks && !walk_goes_first_) take_walked(page, push);
}

void OrderedLines::take_looked_up(
    std::vector<OrderedHead>& heads, const std::function<bool(DueDelivery&)>& push
) {
  for (auto& head : heads) {
    POSTRIDER_ASSERT(!queue_.empty() && queue_.front()->first == head.lane_key);
    Entry& entry = *queue_.front();
    queue_.pop_front();
    if (!head.due_at) {
      drop(entry);
    } else if (!head.delivery) {
      enter_waiting(entry, *head.due_at);
    } else {
      const DeliveryId id = head.delivery->delivery.id;
      if (push(*head.delivery)) {
        hold(entry, id, head.has_followers);
      } else {
        enqueue(entry);
      }
    }
  }
}

void OrderedLines::take_walked(OrderedPage& page, const std::function<bool(DueDelivery&)>& push) {
  for (auto& head : page.walked) {
    const auto found = lines_.find(head.lane_key);
    const bool is_waiting = found != lines_.end() && found->second.state == State::kWaiting;
    if (found != lines_.end() && !is_waiting) continue;
    const DeliveryId id = head.delivery ? head.delivery->delivery.id : DeliveryId{};
    if (head.delivery && !push(*head.delivery)) return;  // the walk goes on with this line
    if (is_waiting) waiting_.erase(&*found);
    Entry& entry = entry_of(head.lane_key);
    if (head.delivery) {
      hold(entry, id, head.has_followers);
    } else {
      enter_waiting(entry, *head.due_at);
    }
    walk_->after = std::move(head.lane_key);
  }
  walk_->after = page.walk_on;
  if (page.walk_on) return;
  walk_.reset();
  if (std::exchange(walk_again_, false)) walk_all();
}

// --- Lines ---------------------------------------------------------------------------------------

bool OrderedLines::has_room(const std::string& key) const {
  return queue_.size() + waiting_.size() < limits::kLaneKeysMax &&
         budget_.bytes + bytes_of(key) <= budget_.bytes_max;
}

OrderedLines::Entry& OrderedLines::entry_of(const std::string& key) {
  const auto [line, is_new] = lines_.try_emplace(key);
  if (is_new) budget_.bytes += bytes_of(key);
  return *line;
}

void OrderedLines::drop(Entry& entry) {
  budget_.bytes -= bytes_of(entry.first);
  lines_.erase(lines_.find(entry.first));
}

void OrderedLines::enqueue(Entry& entry) {
  entry.second.state = State::kQueued;
  queue_.push_back(&entry);
}

void OrderedLines::enter_waiting(Entry& entry, WallTime due_at) {
  entry.second.state = State::kWaiting;
  entry.second.due_at = due_at;
  waiting_.insert(&entry);
  if (queue_.size() + waiting_.size() <= limits::kLaneKeysMax && budget_.bytes <= budget_.bytes_max)
    return;
  // Those that fall due last are left to a walk.
  Entry& last = **std::prev(waiting_.end());
  set_earlier(overflow_at_, last.second.due_at);
  waiting_.erase(std::prev(waiting_.end()));
  drop(last);
}

void OrderedLines::hold(Entry& entry, DeliveryId id, bool has_followers) {
  entry.second.state = State::kHeld;
  entry.second.held = id;
  entry.second.has_followers = has_followers;
  entry.second.is_stale = false;
  held_.emplace(id.value, &entry);
}

OrderedLines::Entry& OrderedLines::release(DeliveryId id) {
  const auto found = held_.find(id.value);
  POSTRIDER_ASSERT(found != held_.end());
  Entry& entry = *found->second;
  held_.erase(found);
  return entry;
}

}  // namespace postrider
