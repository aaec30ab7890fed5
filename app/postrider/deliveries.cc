#include <array>

#include "app/postrider/collection.h"
#include "app/postrider/commands.h"

namespace postrider::cli {
namespace {

constexpr std::array<FilterSpec, 6> kDeliveryFilters{
    {kTenantFilter,
     kEndpointFilter,
     {"event", "Only of this event"},
     {"state", "Only pending, delivered, dead or cancelled ones"},
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
      "One event for one endpoint each, with its attempts"
  );
  deliveries.add_list("--state pending --endpoint ep_01...", kDeliveryFilters, delivery_columns());
  deliveries.add_show("Show a delivery with its attempts");
  deliveries.add_action("retry", "Due now; the schedule goes on", "is due now");
  deliveries.add_action("cancel", "Send it no more", "cancelled");
}

}  // namespace postrider::cli
