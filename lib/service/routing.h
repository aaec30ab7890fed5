// Routing finds the endpoints that want an event.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain/endpoint.h"
#include "store/records.h"

namespace postrider {

/// All endpoints that are not deleted, indexed by tenant and event type. Owned by the writer's
/// thread, so an event is routed by exactly what was committed before it.
class Routing {
 public:
  void load(std::vector<Endpoint> endpoints);
  void put(std::shared_ptr<const Endpoint> endpoint);
  void remove(EndpointId id);

  /// Returns null if there is none.
  [[nodiscard]] std::shared_ptr<const Endpoint> find(EndpointId id) const;
  /// Calls `take` with each endpoint that wants the event by its type and channels.
  template <class Take>
  void match(const EventDraft& event, const Take& take) const {
    const auto tenant = tenants_.find(event.tenant);
    if (tenant == tenants_.end()) return;
    const auto exact = tenant->second.by_type.find(event.type);
    if (exact != tenant->second.by_type.end()) take_matching(exact->second, event, take);
    take_matching(tenant->second.others, event, take);
  }
  [[nodiscard]] const std::unordered_map<std::int64_t, std::shared_ptr<const Endpoint>>& all(
  ) const {
    return endpoints_;
  }

 private:
  struct Tenant {
    // The endpoints by each exact type that they name. Endpoints with a wildcard or without types
    // are in `others`.
    std::unordered_map<std::string, std::vector<const Endpoint*>> by_type;
    std::vector<const Endpoint*> others;
  };

  template <class Take>
  static void take_matching(
      const std::vector<const Endpoint*>& candidates, const EventDraft& event, const Take& take
  ) {
    for (const Endpoint* endpoint : candidates) {
      if (matches(*endpoint, event)) take(*endpoint);
    }
  }

  void index(const Endpoint& endpoint);
  void unindex(const Endpoint& endpoint);

  // Shared with lanes and requests in flight, which may keep an older version for a while.
  std::unordered_map<std::int64_t, std::shared_ptr<const Endpoint>> endpoints_;
  std::unordered_map<std::string, Tenant> tenants_;
};

}  // namespace postrider
