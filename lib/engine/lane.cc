#include "engine/lane.h"

#include <algorithm>

#include "base/assert.h"
#include "base/limits.h"

namespace postrider {
namespace {

/// A wait for the rate limit that is shorter keeps what is ready in memory.
constexpr Millis kRateWaitLoaded{1000};

std::optional<MonoTime> later(std::optional<MonoTime> a, std::optional<MonoTime> b) {
  return std::max(a, b);  // nothing comes before every instant
}

}  // namespace

Lane::Lane(std::shared_ptr<const Endpoint> endpoint, bool store_may_hold, ReadyBudget& budget)
    : budget_(budget), more_in_store_(store_may_hold) {
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

void Lane::hand_over(DueDelivery fresh, WallTime now) {
  const DeliveryId id = fresh.delivery.id;
  POSTRIDER_ASSERT(fresh.delivery.due_at.has_value());
  if (*fresh.delivery.due_at > now) {
    note_due(*fresh.delivery.due_at);
    return;
  }
  if (id <= paged_up_to_) {
    // A page could see it. Not held means that it came and went, or that it has to be looked for.
    if (!is_held(id)) more_in_store_ = true;
    return;
  }
  if (more_in_store_ || !has_room() || !may_ever_send()) {
    more_in_store_ = true;
    return;
  }
  push_ready(std::move(fresh));
}

bool Lane::wants_page(WallTime now) const {
  if (!may_ever_send() || ready_.size() > limits::kLaneReadyMax / 2) return false;
  if (set_aside_count_ >= limits::kLaneReadyMax) return false;
  return more_in_store_ || (next_due_at_ && *next_due_at_ <= now);
}

std::size_t Lane::page_rows_max(MonoTime now) const {
  const std::size_t room = limits::kLaneReadyMax - ready_.size();
  if (!rate_ || rate_->spacing() < kRateWaitLoaded) return room;
  return std::min(room, rate_->room(now));
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
  if (set_aside_count_ == 0 || now >= set_aside_until_) return;
  std::erase_if(held_, [](const auto& entry) { return entry.second == Holding::kSetAside; });
  set_aside_count_ = 0;
  set_aside_until_ = {};
  more_in_store_ = true;
}

void Lane::gone(DeliveryId id) {
  held_[id.value] = Holding::kGone;
  ++gone_count_;
}

void Lane::settled(DeliveryId id, std::optional<WallTime> due_at) {
  const auto found = held_.find(id.value);
  POSTRIDER_ASSERT(found != held_.end());
  const bool was_gone = found->second == Holding::kGone;
  POSTRIDER_ASSERT(was_gone || found->second == Holding::kInFlight);
  if (was_gone) --gone_count_;
  held_.erase(found);
  --in_flight_;
  if (due_at) note_due(*due_at);
}

void Lane::changed(DeliveryId id) {
  more_in_store_ = true;
  const auto found = held_.find(id.value);
  if (found == held_.end()) return;
  if (found->second == Holding::kInFlight || found->second == Holding::kGone) return;
  if (found->second == Holding::kReady) {
    const auto is_it = [&](const DueDelivery& ready) { return ready.delivery.id == id; };
    static_cast<void>(pop_ready(std::find_if(ready_.begin(), ready_.end(), is_it)));
  } else {
    --set_aside_count_;
  }
  held_.erase(found);
}

void Lane::unload() {
  if (ready_.empty()) return;
  while (!ready_.empty()) held_.erase(pop_ready(ready_.begin()).delivery.id.value);
  more_in_store_ = true;
}

bool Lane::should_unload(MonoTime now) const {
  if (!may_ever_send() || hold_.until(now)) return true;
  const auto full = rate_ ? rate_->full_until(now) : std::nullopt;
  return full && *full - now > kRateWaitLoaded;
}

std::optional<MonoTime> Lane::waits_until(MonoTime now) const {
  return later(hold_.until(now), rate_ ? rate_->full_until(now) : std::nullopt);
}

std::optional<MonoTime> Lane::matters_until(MonoTime now) const {
  return later(hold_.until(now), rate_ ? rate_->matters_until(now) : std::nullopt);
}

bool Lane::is_idle() const { return held_.empty() && !more_in_store_ && !next_due_at_; }

void Lane::note_due(WallTime due_at) {
  if (!next_due_at_ || due_at < *next_due_at_) next_due_at_ = due_at;
}

bool Lane::has_room() const {
  // One may always wait, so that no lane starves when others have used up the budget.
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
