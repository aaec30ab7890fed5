#include "service/news.h"

#include <iterator>
#include <variant>

namespace postrider {
namespace {

template <class T>
void move_behind(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

News news_of(Effects& effects) {
  News news;
  news.endpoints = std::move(effects.endpoints);
  news.endpoints_removed = std::move(effects.endpoints_removed);
  news.fresh = std::move(effects.fresh);
  news.read_again = std::move(effects.read_again);
  news.deliveries_changed = std::move(effects.deliveries_changed);
  news.probes = std::move(effects.probes);
  for (const auto& [settlement, settled] : effects.attempts) {
    const auto* retry = std::get_if<RetryAt>(&settlement.next);
    std::optional<WallTime> due_at;
    if (settled.applied && retry != nullptr) due_at = retry->due_at;
    news.settled.push_back({settlement.delivery, settlement.endpoint, settled.applied, due_at});
  }
  return news;
}

void append(News& waiting, News later, std::size_t fresh_max) {
  move_behind(waiting.endpoints, std::move(later.endpoints));
  if (waiting.fresh.size() + later.fresh.size() > fresh_max) {
    for (const auto& fresh : later.fresh) waiting.read_again.push_back(fresh.delivery.endpoint);
  } else {
    move_behind(waiting.fresh, std::move(later.fresh));
  }
  move_behind(waiting.read_again, std::move(later.read_again));
  move_behind(waiting.deliveries_changed, std::move(later.deliveries_changed));
  move_behind(waiting.probes, std::move(later.probes));
  move_behind(waiting.settled, std::move(later.settled));
  move_behind(waiting.endpoints_removed, std::move(later.endpoints_removed));
}

void apply(Engine& engine, News news, WallTime now) {
  // Endpoints come before the deliveries that need them and go after what still concerns them.
  for (auto& endpoint : news.endpoints) engine.put_endpoint(std::move(endpoint));
  // What a lane has not been told of may be older than what it is told of now.
  for (const EndpointId endpoint : news.read_again) engine.read_again(endpoint);
  for (auto& fresh : news.fresh) engine.hand_over(std::move(fresh), now);
  for (const auto& changed : news.deliveries_changed)
    engine.delivery_changed(changed.delivery, changed.endpoint, changed.lane_key);
  for (const auto& settled : news.settled) {
    engine.settled(settled.delivery, settled.endpoint, settled.applied, settled.due_at);
  }
  for (const auto& [delivery, endpoint] : news.probes) engine.probe_with(delivery, endpoint);
  for (const EndpointId endpoint : news.endpoints_removed) engine.remove_endpoint(endpoint);
}

Status load(Engine& engine, StoreReader& reader, WallTime wall_now, MonoTime mono_now) {
  auto endpoints = reader.all_endpoints();
  if (!endpoints) return tl::unexpected(std::move(endpoints).error());
  for (auto& endpoint : *endpoints) {
    const EndpointId id = endpoint.id;
    const bool failing = endpoint.failing_since.has_value();
    if (failing) {
      engine.restore_circuit(
          id, endpoint.failed_attempts_count, endpoint.circuit, wall_now, mono_now
      );
    }
    engine.put_endpoint(std::make_shared<const Endpoint>(std::move(endpoint)));
    engine.set_prompt(id, !failing);
  }
  auto waiting = reader.waiting_endpoints();
  if (!waiting) return tl::unexpected(std::move(waiting).error());
  for (const EndpointId endpoint : *waiting) engine.read_again(endpoint);
  auto sends = reader.recent_sends();
  if (!sends) return tl::unexpected(std::move(sends).error());
  for (const auto& [endpoint, at] : *sends) engine.seed_send(endpoint, at);
  return {};
}

}  // namespace postrider
