#include "domain/delivery.h"

namespace postrider {

std::string_view to_string(DeliveryState state) {
  switch (state) {
    case DeliveryState::kPending:
      return "pending";
    case DeliveryState::kDelivered:
      return "delivered";
    case DeliveryState::kDead:
      return "dead";
    case DeliveryState::kCancelled:
      return "cancelled";
  }
  return {};
}

Result<DeliveryState> parse_delivery_state(std::string_view text) {
  for (const auto state :
       {DeliveryState::kPending,
        DeliveryState::kDelivered,
        DeliveryState::kDead,
        DeliveryState::kCancelled}) {
    if (to_string(state) == text) return state;
  }
  return fail(Errc::kInvalidArgument, "state must be pending, delivered, dead or cancelled");
}

}  // namespace postrider
