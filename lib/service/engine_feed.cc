#include "service/engine_feed.h"

#include <utility>

#include "store/waiting.h"

namespace postrider {

Status EngineFeed::apply(News news, WallTime wall_now, MonoTime mono_now) {
  // Endpoints come before the deliveries that need them and go after what still concerns them.
  adopt(news.adopted, wall_now, mono_now);
  for (auto& endpoint : news.endpoints) {
    if (owned_.test(partition_of(endpoint->id))) engine_.put_endpoint(std::move(endpoint));
  }
  // What a lane has not been told of may be older than what it is told of now.
  for (const EndpointId endpoint : news.read_again) engine_.read_again(endpoint);
  hand_over(news.appended_free, wall_now);
  for (const auto& one : news.appended) engine_.appended(one.delivery, one.endpoint, one.lane_key);
  for (auto& fresh : news.fresh) engine_.hand_over(std::move(fresh), wall_now);
  for (const auto& changed : news.deliveries_changed)
    engine_.delivery_changed(changed.delivery, changed.endpoint, changed.lane_key);
  for (const auto& settled : news.settled) {
    engine_.settled(settled.delivery, settled.endpoint, settled.applied, settled.due_at);
  }
  for (const auto& [delivery, endpoint] : news.probes) engine_.probe_with(delivery, endpoint);
  for (const EndpointId endpoint : news.endpoints_removed) engine_.remove_endpoint(endpoint);
  if (news.abandoned.any()) engine_.abandon(news.abandoned);
  owned_ &= ~news.abandoned;
  abandoned_ |= news.abandoned;
  if (news.all_again) {
    engine_.read_all_again();
    begin_look();
  }
  if (auto read = read_store(); !read) return read;
  return go_on_looking();
}

void EngineFeed::adopt(const Adoption& adopted, WallTime wall_now, MonoTime mono_now) {
  owned_ |= adopted.partitions;
  unread_ |= adopted.partitions;
  unseeded_ |= adopted.partitions;
  for (const auto& [endpoint, health] : adopted.endpoints) {
    const bool failing = health.failing_since.has_value();
    if (failing) {
      engine_.restore_circuit(
          endpoint->id, health.failed_attempts_count, health.circuit, wall_now, mono_now
      );
    }
    engine_.put_endpoint(endpoint);
    engine_.set_prompt(endpoint->id, !failing);
  }
}

void EngineFeed::hand_over(
    const std::vector<std::pair<DeliveryId, EndpointId>>& appended, WallTime wall_now
) {
  std::vector<DeliveryId> ids;
  for (const auto& [id, endpoint] : appended) {
    if (!owned_.test(partition_of(endpoint))) continue;
    if (engine_.wants_appended(id, endpoint)) ids.push_back(id);
  }
  if (ids.empty()) return;
  // All at once: a page for each of their endpoints would cost much more.
  auto found = reader_.pending(ids);
  if (found) {
    for (auto& fresh : *found) engine_.hand_over(std::move(fresh), wall_now);
  } else {
    for (const auto& [id, endpoint] : appended) engine_.read_again(endpoint);
  }
}

Status EngineFeed::read_store() {
  unread_ &= owned_;
  unseeded_ &= owned_;
  if (unread_.any()) {
    Status read = for_each_waiting(reader_, [this](const WaitingEndpoint& waiting) {
      if (unread_.test(partition_of(waiting.endpoint))) engine_.read_again(waiting.endpoint);
    });
    if (!read) return read;
    unread_.reset();
  }
  if (unseeded_.any()) {
    auto sends = reader_.recent_sends();
    if (!sends) return tl::unexpected(std::move(sends).error());
    for (const auto& [endpoint, at] : *sends) {
      if (unseeded_.test(partition_of(endpoint))) engine_.seed_send(endpoint, at);
    }
    unseeded_.reset();
  }
  return {};
}

void EngineFeed::begin_look() {
  if (is_looking()) {
    look_once_more_ = true;
  } else {
    look_behind_.emplace();
  }
}

Status EngineFeed::go_on_looking() {
  if (!look_behind_) return {};
  const auto page = reader_.waiting_endpoints(*look_behind_, look_rows_max_);
  if (!page) return tl::unexpected<Error>(page.error());
  for (const WaitingEndpoint& waiting : *page) {
    if (owned_.test(partition_of(waiting.endpoint))) engine_.look_again(waiting);
  }
  if (page->size() == look_rows_max_) {
    look_behind_ = page->back().endpoint;
  } else {
    look_behind_.reset();
    if (std::exchange(look_once_more_, false)) begin_look();
  }
  return {};
}

Partitions EngineFeed::take_abandoned() {
  if (abandoned_.none()) return {};
  const Partitions idle = abandoned_ & ~engine_.leaving();
  abandoned_ &= ~idle;
  return idle;
}

}  // namespace postrider
