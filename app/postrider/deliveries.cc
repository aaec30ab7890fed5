#include <array>

#include "app/postrider/collection.h"
#include "app/postrider/commands.h"

namespace postrider::cli {
namespace {

constexpr std::array<FilterSpec, 6> kDeliveryFilters{
    {kTenantFilter,
     kEndpointFilter,
     {"event", "Only this event"},
     {"state", "Only deliveries in this state: pending, delivered, dead or cancelled"},
     kSinceFilter,
     kUntilFilter}};

}  // namespace

void add_deliveries(const Command& root) {
  const Collection deliveries(
      root,
      {.name = "deliveries",
       .path = "deliveries",
       .thing = "deliveries",
       .id = {"ID", "dlv_...", "dlv_01..."}},
      "Deliveries: one event for one endpoint each, with its attempts"
  );
  deliveries.add_list("--state pending --endpoint ep_01...", kDeliveryFilters, delivery_columns());
  deliveries.add_show("Show a delivery with its attempts");
  deliveries.add_action(
      "retry", "Retry a pending delivery now; its schedule continues", "is due now"
  );
  deliveries.add_action("cancel", "Cancel a pending delivery", "cancelled");
}

}  // namespace postrider::cli
