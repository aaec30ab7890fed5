#include "service/process_start.h"

#include <algorithm>
#include <vector>

namespace postrider {

Status count_sends_of_last_process(WriteContext& context, std::int64_t boot, MonoTime mono_now) {
  if (auto rebased = context.store.rebase_sends(boot, mono_now); !rebased) return rebased;
  std::vector<const Endpoint*> limited;
  for (const auto& [id, endpoint] : context.routing.all()) {
    if (endpoint->config.rate_limit) limited.push_back(endpoint.get());
  }
  // Ids are drawn on the way: in an order that a run repeats.
  std::sort(limited.begin(), limited.end(), [](const Endpoint* a, const Endpoint* b) {
    return a->id < b->id;
  });
  for (const Endpoint* endpoint : limited) {
    const auto in_flight_max = static_cast<std::size_t>(endpoint->config.max_in_flight);
    auto assumed = context.store.assume_sends(endpoint->id, in_flight_max, context.now, mono_now);
    if (!assumed) return assumed;
  }
  return {};
}

}  // namespace postrider
