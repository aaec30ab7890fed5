#include "service/routing.h"

#include <algorithm>
#include <utility>

namespace postrider {
namespace {

bool is_pattern(const std::string& type) { return type.ends_with(".*"); }

/// Returns whether the endpoint names only exact event types.
bool has_only_exact_types(const Endpoint& endpoint) {
  const auto& types = endpoint.config.event_types;
  return !types.empty() && std::none_of(types.begin(), types.end(), is_pattern);
}

}  // namespace

void Routing::load(std::vector<Endpoint> endpoints) {
  endpoints_.clear();
  tenants_.clear();
  for (auto& endpoint : endpoints) put(std::make_shared<const Endpoint>(std::move(endpoint)));
}

void Routing::put(std::shared_ptr<const Endpoint> endpoint) {
  remove(endpoint->id);
  index(*endpoint);
  endpoints_.emplace(endpoint->id.value, std::move(endpoint));
}

void Routing::remove(EndpointId id) {
  const auto found = endpoints_.find(id.value);
  if (found == endpoints_.end()) return;
  unindex(*found->second);
  endpoints_.erase(found);
}

std::shared_ptr<const Endpoint> Routing::find(EndpointId id) const {
  const auto found = endpoints_.find(id.value);
  return found == endpoints_.end() ? nullptr : found->second;
}

void Routing::index(const Endpoint& endpoint) {
  Tenant& tenant = tenants_[endpoint.tenant];
  if (!has_only_exact_types(endpoint)) {
    tenant.others.push_back(&endpoint);
    return;
  }
  for (const auto& type : endpoint.config.event_types) {
    auto& list = tenant.by_type[type];
    // An endpoint may name a type twice.
    if (list.empty() || list.back() != &endpoint) list.push_back(&endpoint);
  }
}

void Routing::unindex(const Endpoint& endpoint) {
  const auto found = tenants_.find(endpoint.tenant);
  if (found == tenants_.end()) return;
  Tenant& tenant = found->second;
  const auto drop = [&](std::vector<const Endpoint*>& list) {
    list.erase(std::remove(list.begin(), list.end(), &endpoint), list.end());
  };
  drop(tenant.others);
  for (const auto& type : endpoint.config.event_types) {
    const auto list = tenant.by_type.find(type);
    if (list == tenant.by_type.end()) continue;
    drop(list->second);
    if (list->second.empty()) tenant.by_type.erase(list);
  }
  if (tenant.others.empty() && tenant.by_type.empty()) tenants_.erase(found);
}

}  // namespace postrider
