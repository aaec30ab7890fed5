#include "service/ownership.h"

#include <algorithm>
#include <vector>

namespace postrider {
namespace {

/// Returns the endpoints sorted by id, so that every run processes them in one order.
std::vector<std::shared_ptr<const Endpoint>> endpoints_in(
    const Routing& routing, const Partitions& partitions
) {
  std::vector<std::shared_ptr<const Endpoint>> found;
  for (const auto& [id, endpoint] : routing.all()) {
    if (partitions.test(partition_of(endpoint->id))) found.push_back(endpoint);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  return found;
}

Status count_sends_before(WriteContext& context, const Endpoint& endpoint, MonoTime mono_now) {
  if (!endpoint.config.rate_limit) return {};
  if (auto rebased = context.store.rebase_sends(endpoint.id, mono_now); !rebased) return rebased;
  const auto in_flight_max = static_cast<std::size_t>(endpoint.config.max_in_flight);
  return context.store.assume_sends(endpoint.id, in_flight_max, context.now, mono_now);
}

/// Replaces the health of the partitions' endpoints with the stored health, because their previous
/// owner has updated it.
void take_health(
    HealthBook& book, const std::vector<FailingEndpoint>& failing, const Partitions& partitions
) {
  std::erase_if(book, [&](const auto& entry) {
    return partitions.test(partition_of(EndpointId{entry.first}));
  });
  for (const auto& one : failing) {
    if (!partitions.test(partition_of(one.endpoint))) continue;
    book[one.endpoint.value] = {one.failing_since, one.failed_attempts_count, one.circuit};
  }
}

}  // namespace

Status adopt(WriteContext& context, const Partitions& partitions, MonoTime mono_now) {
  const Partitions missing = partitions & ~context.owned;
  if (missing.none()) return {};
  const auto failing = context.store.failing_endpoints();
  if (!failing) return tl::unexpected<Error>(failing.error());
  auto endpoints = endpoints_in(context.routing, missing);
  for (const auto& endpoint : endpoints) {
    if (auto counted = count_sends_before(context, *endpoint, mono_now); !counted) return counted;
  }
  take_health(context.health, *failing, missing);
  context.owned |= missing;
  Adoption& adopted = context.effects.adopted;
  adopted.partitions |= missing;
  for (auto& endpoint : endpoints) {
    const auto health = context.health.find(endpoint->id.value);
    adopted.endpoints.push_back(
        {std::move(endpoint), health == context.health.end() ? Health{} : health->second}
    );
  }
  return {};
}

void abandon(WriteContext& context, const Partitions& partitions) {
  context.effects.abandoned |= context.owned & partitions;
  context.owned &= ~partitions;
}

}  // namespace postrider
