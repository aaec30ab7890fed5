// Iterates over the endpoints with pending deliveries.
#pragma once

#include "base/limits.h"
#include "store/reader.h"

namespace postrider {

/// Calls `visit` with every endpoint that has pending deliveries. Stops at the first error.
template <class Visit>
[[nodiscard]] Status for_each_waiting(StoreReader& reader, const Visit& visit) {
  EndpointId after;
  while (true) {
    const auto page = reader.waiting_endpoints(after, limits::kWaitingPageMax);
    if (!page) return tl::unexpected<Error>(page.error());
    for (const WaitingEndpoint& waiting : *page) visit(waiting);
    if (page->size() < limits::kWaitingPageMax) return {};
    after = page->back().endpoint;
  }
}

}  // namespace postrider
