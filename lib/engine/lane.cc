#include "engine/lane.h"

#include <algorithm>

#include "base/assert.h"
#include "base/limits.h"

namespace postrider {
namespace {

/// Ready deliveries stay in memory during a wait for the rate limit that is shorter than this.
constexpr Millis kRateWaitLoaded{1000};
/// The least rows of a page, so that both lookups and the scan of ordering queues progress.
constexpr std::size_t kPageRowsMin = 2;

std::optional<MonoTime> later(std::optional<MonoTime> a, std::optional<MonoTime> b) {
  return std::max(a, b);  // an empty optional is less than every instant
}

}  // namespace

Lane::Lane(std::shared_ptr<const Endpoint> endpoint, bool store_may_hold, ReadyBudget& budget)
    : budget_(budget), more_in_store_(store_may_hold), ordering_(store_may_hold, budget.ordering) {
  set_endpoint(std::move(endpoint));
}

void Lane::set_endpoint(std::shared_ptr<const Endpoint> endpoint) {
  endpoint_ = std::move(endpoint);
  const auto& limit = endpoint_->config.rate_limit;
  if (!limit) {
    rate_.reset();
  } else if (rate_) {
    rate_->set_limit(*limit);
  } else {
    rate_.emplace(*limit);
  }
}

void Lane::enqueue(DueDelivery fresh, WallTime now) {
  if (!fresh.delivery.due_at) return;  // a damaged row: a pending delivery always has one
  if (fresh.delivery.lane_key) return enqueue_ordered(std::move(fresh), now);
  if (*fresh.delivery.due_at > now) {
    note_due(*fresh.delivery.due_at);
    return;
  }
  if (accepts(fresh.delivery.id)) push_ready(std::move(fresh));
}

bool Lane::accepts(DeliveryId id) {
  if (is_held(id)) return false;
  // A page could have read it: either it has ended, or a page has to be read.
  const bool paged = id <= paged_up_to_;
  more_in_store_ = more_in_store_ || paged || !has_room() || !may_ever_send();
  return !more_in_store_;
}

void Lane::enqueue_ordered(DueDelivery fresh, WallTime now) {
  const std::string& key = *fresh.delivery.lane_key;
  // A lane that may not send remembers no ordering queues.
  if (!may_ever_send() && !ordering_.held_of(key)) return ordering_.scan_all();
  if (!ordering_.is_fresh_head(key, fresh.delivery.id)) return;
  if (*fresh.delivery.due_at > now) return ordering_.wait(key, *fresh.delivery.due_at);
  if (!has_room()) return ordering_.look_up(key);
  ordering_.hold(key, fresh.delivery.id, false);
  push_ready(std::move(fresh));
}

void Lane::notify_appended(DeliveryId id, const std::string& key) {
  if (!may_ever_send() && !ordering_.held_of(key)) return ordering_.scan_all();
  if (ordering_.is_fresh_head(key, id)) ordering_.look_up(key);
}

bool Lane::is_full() const {
  return ready_.size() > limits::kLaneReadyMax / 2 || set_aside_count_ >= limits::kLaneReadyMax;
}

bool Lane::wants_page(WallTime now) const {
  if (!may_ever_send() || is_full()) return false;
  return more_in_store_ || (next_due_at_ && *next_due_at_ <= now);
}

std::size_t Lane::rows_max(WallTime wall_now, MonoTime mono_now) const {
  std::size_t room = std::min(limits::kLaneReadyMax - ready_.size(), limits::kLanePageMax);
  if (rate_ && rate_->spacing() >= kRateWaitLoaded) room = std::min(room, rate_->room(mono_now));
  if (wants_page(wall_now) && wants_heads(wall_now)) room /= 2;
  return std::max(room, kPageRowsMin);
}

bool Lane::wants_heads(WallTime now) const {
  return may_ever_send() && !is_full() && has_room() && ordering_.wants_page(now);
}

OrderedParams Lane::heads_params(WallTime now, std::size_t rows_max) {
  OrderedParams params = ordering_.params(now, rows_max);
  params.endpoint = endpoint_->id;
  return params;
}

void Lane::take_heads(OrderedPage page) {
  heads_go_first_ = !heads_go_first_;
  ordering_.take_page(std::move(page), [this](DueDelivery& head) {
    if (!has_room()) return false;
    push_ready(std::move(head));
    return true;
  });
}

void Lane::take_page(DuePage page) {
  more_in_store_ = page.more;
  for (auto& row : page.rows) {
    if (has_room()) {
      push_ready(std::move(row));
    } else {
      more_in_store_ = true;
    }
  }
  next_due_at_ = page.next_due_at;
  paged_up_to_ = std::max(paged_up_to_, page.newest);
}

bool Lane::may_ever_send() const {
  return !stopped_ && gone_count_ == 0 && endpoint_->state == EndpointState::kActive;
}

bool Lane::has_free_slot() const {
  // One request at a time, also for deliveries from before the endpoint became strict.
  if (endpoint_->config.ordering == Ordering::kStrict) return in_flight_ == 0;
  // The rate limit may allow only the first of several prepared attempts.
  if (preparing_count_ >= (rate_ ? 1 : limits::kLanePreparingMax)) return false;
  return in_flight_ < static_cast<std::size_t>(endpoint_->config.max_in_flight);
}

bool Lane::can_send(MonoTime now) const {
  return !ready_.empty() && may_send(now) && has_free_slot();
}

DueDelivery Lane::take_ready() { return take(ready_.begin()); }

DueDelivery Lane::take_probe(std::optional<DeliveryId> wanted) {
  auto chosen = std::find_if(ready_.begin(), ready_.end(), [&](const DueDelivery& ready) {
    return ready.delivery.id == wanted;
  });
  if (chosen == ready_.end()) {
    chosen = std::min_element(
        ready_.begin(),
        ready_.end(),
        [](const DueDelivery& a, const DueDelivery& b) {
          return a.delivery.schedule_attempts_count < b.delivery.schedule_attempts_count;
        }
    );
  }
  return take(chosen);
}

bool Lane::is_ready(DeliveryId id) const {
  const auto found = held_.find(id.value);
  return found != held_.end() && found->second == Holding::kReady;
}

DueDelivery Lane::take(std::deque<DueDelivery>::iterator ready) {
  DueDelivery taken = pop_ready(ready);
  held_[taken.delivery.id.value] = Holding::kInFlight;
  ++in_flight_;
  return taken;
}

void Lane::set_aside(DeliveryId id, WallTime expired_at) {
  held_[id.value] = Holding::kSetAside;
  --in_flight_;
  ++set_aside_count_;
  set_aside_until_ = std::max(set_aside_until_, expired_at);
}

void Lane::reconsider(WallTime now) {
  if (set_aside_count_ > 0 && now < set_aside_until_) give_back_set_aside();
}

void Lane::give_back_set_aside() {
  if (set_aside_count_ == 0) return;
  std::erase_if(held_, [this](const auto& entry) {
    if (entry.second != Holding::kSetAside) return false;
    if (ordering_.holds({entry.first})) ordering_.give_back({entry.first});
    return true;
  });
  set_aside_count_ = 0;
  set_aside_until_ = {};
  more_in_store_ = true;
}

bool Lane::is_preparing(DeliveryId id) const {
  const Holding holding = held_.at(id.value);
  return holding == Holding::kPreparing || holding == Holding::kOutdated;
}

void Lane::preparing(DeliveryId id) {
  held_[id.value] = Holding::kPreparing;
  ++preparing_count_;
}

bool Lane::may_resume(DeliveryId id, const Endpoint& endpoint, MonoTime now) const {
  return &endpoint == endpoint_.get() && may_send(now) && held_.at(id.value) == Holding::kPreparing;
}

void Lane::prepared(DeliveryId id) {
  POSTRIDER_ASSERT(is_preparing(id));
  held_[id.value] = Holding::kInFlight;
  --preparing_count_;
}

void Lane::put_back(DeliveryId id) {
  POSTRIDER_ASSERT(is_preparing(id));
  held_.erase(id.value);
  --preparing_count_;
  --in_flight_;
  if (ordering_.holds(id)) return ordering_.give_back(id);
  more_in_store_ = true;
}

void Lane::gone(DeliveryId id) {
  held_[id.value] = Holding::kGone;
  ++gone_count_;
}

void Lane::settled(DeliveryId id, bool applied, std::optional<WallTime> due_at) {
  const auto found = held_.find(id.value);
  POSTRIDER_ASSERT(found != held_.end());
  const bool was_gone = found->second == Holding::kGone;
  POSTRIDER_ASSERT(was_gone || found->second == Holding::kInFlight);
  if (was_gone) --gone_count_;
  held_.erase(found);
  --in_flight_;
  if (ordering_.holds(id)) return ordering_.settled(id, applied, due_at);
  // The change may have left the delivery due, and pages skipped it while it was held.
  if (!applied) more_in_store_ = true;
  if (due_at) note_due(*due_at);
}

void Lane::changed(DeliveryId id, const std::optional<std::string>& lane_key) {
  if (!lane_key) {
    more_in_store_ = true;
    return let_go(id);
  }
  // The ready delivery of its queue may have to wait for it.
  if (const auto held = ordering_.held_of(*lane_key)) let_go(*held);
  ordering_.changed(*lane_key);
}

void Lane::let_go(DeliveryId id) {
  const auto found = held_.find(id.value);
  if (found == held_.end()) return;
  if (found->second == Holding::kInFlight || found->second == Holding::kGone) return;
  if (is_preparing(id)) {
    found->second = Holding::kOutdated;
    return;
  }
  if (found->second == Holding::kReady) {
    const auto is_it = [&](const DueDelivery& ready) { return ready.delivery.id == id; };
    static_cast<void>(pop_ready(std::find_if(ready_.begin(), ready_.end(), is_it)));
  } else {
    --set_aside_count_;
  }
  held_.erase(found);
  if (ordering_.holds(id)) ordering_.give_back(id);
}

void Lane::resync() {
  more_in_store_ = true;
  // The delivery may have ended without a notification.
  give_back_set_aside();
  ordering_.resync();
}

void Lane::unload() {
  while (!ready_.empty()) {
    const DeliveryId id = pop_ready(ready_.begin()).delivery.id;
    held_.erase(id.value);
    if (ordering_.holds(id)) {
      ordering_.give_back(id);
    } else {
      more_in_store_ = true;
    }
  }
  if (!may_ever_send()) ordering_.forget();
}

bool Lane::is_idle() const { return only_waits() && !next_due_at_; }

std::optional<WallTime> Lane::next_due_at() const {
  const auto head_due_at = ordering_.next_due_at();
  if (!next_due_at_ || !head_due_at) return next_due_at_ ? next_due_at_ : head_due_at;
  return std::min(*next_due_at_, *head_due_at);
}

bool Lane::should_unload(MonoTime now) const {
  if (!may_ever_send() || throttle_.until(now)) return true;
  const auto full = rate_ ? rate_->full_until(now) : std::nullopt;
  return full && *full - now > kRateWaitLoaded;
}

std::optional<MonoTime> Lane::waits_until(MonoTime now) const {
  return later(throttled_until(now), rate_limited_until(now));
}

std::optional<MonoTime> Lane::matters_until(MonoTime now) const {
  return later(throttle_.until(now), rate_ ? rate_->matters_until(now) : std::nullopt);
}

void Lane::note_due(WallTime due_at) {
  if (!next_due_at_ || due_at < *next_due_at_) next_due_at_ = due_at;
}

bool Lane::has_room() const {
  // Each lane may have one ready delivery, so that none starves when others use up the budget.
  if (ready_.empty()) return true;
  return ready_.size() < limits::kLaneReadyMax && ready_bytes_ < limits::kLaneReadyBytesMax &&
         budget_.bytes < budget_.bytes_max;
}

void Lane::push_ready(DueDelivery delivery) {
  const std::size_t bytes = delivery.event->data.size();
  ready_bytes_ += bytes;
  budget_.bytes += bytes;
  const bool fresh = held_.emplace(delivery.delivery.id.value, Holding::kReady).second;
  POSTRIDER_ASSERT(fresh);
  ready_.push_back(std::move(delivery));
}

DueDelivery Lane::pop_ready(std::deque<DueDelivery>::iterator ready) {
  POSTRIDER_ASSERT(ready != ready_.end());
  DueDelivery taken = std::move(*ready);
  ready_.erase(ready);
  ready_bytes_ -= taken.event->data.size();
  budget_.bytes -= taken.event->data.size();
  return taken;
}

}  // namespace postrider
