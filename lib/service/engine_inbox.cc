#include "service/engine_inbox.h"

#include <utility>

#include "store/waiting.h"

namespace postrider {

Status EngineInbox::apply(News news, WallTime wall_now, MonoTime mono_now) {
  // Endpoints are added before the deliveries that need them, and removed after the changes that
  // concern them.
  adopt(news.adopted, wall_now, mono_now);
  for (auto& endpoint : news.endpoints) {
    if (owned_.test(partition_of(endpoint->id))) engine_.put_endpoint(std::move(endpoint));
  }
  // Resyncs come before new deliveries, because deliveries that a lane does not know yet may be
  // older.
  for (const EndpointId endpoint : news.resync_endpoints) engine_.resync_endpoint(endpoint);
  enqueue(news.appended_free, wall_now);
  for (const auto& one : news.appended)
    engine_.notify_appended(one.delivery, one.endpoint, one.lane_key);
  for (auto& fresh : news.fresh) engine_.enqueue(std::move(fresh), wall_now);
  for (const auto& changed : news.deliveries_changed)
    engine_.delivery_changed(changed.delivery, changed.endpoint, changed.lane_key);
  for (const auto& settled : news.settled) {
    engine_.settled(settled.delivery, settled.endpoint, settled.applied, settled.due_at);
  }
  for (const auto& [delivery, endpoint] : news.probes) engine_.request_probe(delivery, endpoint);
  for (const EndpointId endpoint : news.endpoints_removed) engine_.remove_endpoint(endpoint);
  if (news.abandoned.any()) engine_.abandon(news.abandoned);
  owned_ &= ~news.abandoned;
  abandoned_ |= news.abandoned;
  if (news.all_again) {
    engine_.resync_all();
    begin_resync();
  }
  if (auto read = read_store(); !read) return read;
  return continue_resync();
}

void EngineInbox::adopt(const Adoption& adopted, WallTime wall_now, MonoTime mono_now) {
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
    engine_.set_fast(endpoint->id, !failing);
  }
}

void EngineInbox::enqueue(
    const std::vector<std::pair<DeliveryId, EndpointId>>& appended, WallTime wall_now
) {
  std::vector<DeliveryId> ids;
  for (const auto& [id, endpoint] : appended) {
    if (!owned_.test(partition_of(endpoint))) continue;
    if (engine_.accepts(id, endpoint)) ids.push_back(id);
  }
  if (ids.empty()) return;
  // One query reads all of them: a page for each endpoint would cost much more.
  auto found = reader_.pending(ids);
  if (found) {
    for (auto& fresh : *found) engine_.enqueue(std::move(fresh), wall_now);
  } else {
    for (const auto& [id, endpoint] : appended) engine_.resync_endpoint(endpoint);
  }
}

Status EngineInbox::read_store() {
  unread_ &= owned_;
  unseeded_ &= owned_;
  if (unread_.any()) {
    Status read = for_each_waiting(reader_, [this](const WaitingEndpoint& waiting) {
      if (unread_.test(partition_of(waiting.endpoint))) engine_.resync_endpoint(waiting.endpoint);
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

void EngineInbox::begin_resync() {
  if (is_resyncing()) {
    resync_again_ = true;
  } else {
    resync_cursor_.emplace();
  }
}

Status EngineInbox::continue_resync() {
  if (!resync_cursor_) return {};
  const auto page = reader_.waiting_endpoints(*resync_cursor_, resync_rows_max_);
  if (!page) return tl::unexpected<Error>(page.error());
  for (const WaitingEndpoint& waiting : *page) {
    if (owned_.test(partition_of(waiting.endpoint))) engine_.notify_waiting(waiting);
  }
  if (page->size() == resync_rows_max_) {
    resync_cursor_ = page->back().endpoint;
  } else {
    resync_cursor_.reset();
    if (std::exchange(resync_again_, false)) begin_resync();
  }
  return {};
}

Partitions EngineInbox::take_abandoned() {
  if (abandoned_.none()) return {};
  const Partitions idle = abandoned_ & ~engine_.leaving();
  abandoned_ &= ~idle;
  return idle;
}

}  // namespace postrider
