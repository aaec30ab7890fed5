#include "service/news.h"

#include <iterator>
#include <variant>

namespace postrider {
namespace {

template <class T>
void move_behind(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// Removes partitions that were abandoned before the engine received their adoption.
void abandon(Adoption& adopted, const Partitions& abandoned) {
  if ((adopted.partitions & abandoned).none()) return;
  adopted.partitions &= ~abandoned;
  std::erase_if(adopted.endpoints, [&](const AdoptedEndpoint& one) {
    return abandoned.test(partition_of(one.endpoint->id));
  });
}

}  // namespace

News news_of(Effects& effects) {
  News news;
  news.endpoints = std::move(effects.endpoints);
  news.endpoints_removed = std::move(effects.endpoints_removed);
  news.fresh = std::move(effects.fresh);
  news.resync_endpoints = std::move(effects.resync_endpoints);
  news.deliveries_changed = std::move(effects.deliveries_changed);
  news.probes = std::move(effects.probes);
  news.adopted = std::move(effects.adopted);
  news.abandoned = effects.abandoned;
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
  // Deliveries that find no room are read from the store.
  const auto move_some = [&](auto& to, auto& from, const auto& endpoint_of) {
    if (to.size() + from.size() <= fresh_max) return move_behind(to, std::move(from));
    for (const auto& one : from) waiting.resync_endpoints.push_back(endpoint_of(one));
  };
  move_some(waiting.fresh, later.fresh, [](const auto& one) { return one.delivery.endpoint; });
  move_some(waiting.appended_free, later.appended_free, [](const auto& one) { return one.second; });
  move_some(waiting.appended, later.appended, [](const auto& one) { return one.endpoint; });
  move_behind(waiting.resync_endpoints, std::move(later.resync_endpoints));
  move_behind(waiting.deliveries_changed, std::move(later.deliveries_changed));
  move_behind(waiting.probes, std::move(later.probes));
  move_behind(waiting.settled, std::move(later.settled));
  move_behind(waiting.endpoints_removed, std::move(later.endpoints_removed));
  abandon(waiting.adopted, later.abandoned);
  waiting.adopted.partitions |= later.adopted.partitions;
  move_behind(waiting.adopted.endpoints, std::move(later.adopted.endpoints));
  waiting.abandoned |= later.abandoned;
  waiting.all_again |= later.all_again;
}

}  // namespace postrider
