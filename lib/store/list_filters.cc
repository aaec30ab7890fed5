#include "store/list_filters.h"

#include <algorithm>

namespace postrider {

bool is_wanted(const EventFilter& filter, const Event& event) {
  return (filter.type.empty() || event.type == filter.type) &&
         (!filter.since || event.created_at >= *filter.since) &&
         (!filter.until || event.created_at < *filter.until);
}

bool is_wanted(const DeadLetterFilter& filter, const DeliveryView& view) {
  return (filter.tenant.empty() || view.tenant == filter.tenant) &&
         (filter.type.empty() || view.type == filter.type) &&
         (!filter.reason || view.delivery.dead_reason == filter.reason);
}

bool is_wanted(const DeliveryFilter& filter, const DeliveryView& view) {
  return (filter.tenant.empty() || view.tenant == filter.tenant) &&
         (!filter.event || view.delivery.event == *filter.event) &&
         (!filter.endpoint || view.delivery.endpoint == *filter.endpoint) &&
         (!filter.state || view.delivery.state == *filter.state);
}

ListPosition place_of(const Delivery& dead) {
  return {.at_ms = unix_ms(dead.finished_at.value_or(WallTime{})), .id = dead.id.value};
}

}  // namespace postrider
