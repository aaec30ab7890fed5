#include "service/sweeps.h"

#include <utility>
#include <vector>

#include "base/limits.h"

namespace postrider {
namespace {

/// Tells lanes and metrics what a sweep ended.
Status note(WriteContext& context, Result<std::vector<Delivery>> swept, bool& more) {
  if (!swept) return tl::unexpected(std::move(swept).error());
  for (const auto& delivery : *swept) {
    context.effects.deliveries_changed.push_back(changed_delivery(delivery));
    if (delivery.state == DeliveryState::kDead) ++context.effects.deliveries_dead;
    if (delivery.state == DeliveryState::kCancelled) ++context.effects.deliveries_cancelled;
  }
  more |= swept->size() == limits::kChunkRowsMax;
  return {};
}

}  // namespace

Status sweep_deliveries(WriteContext& context, Millis hold_disabled, bool& more) {
  Store& store = context.store;
  const WallTime now = context.now;
  if (auto noted = note(context, store.expire(now, limits::kChunkRowsMax), more); !noted)
    return noted;
  auto held = store.expire_disabled(now - hold_disabled, now, limits::kChunkRowsMax);
  if (auto noted = note(context, std::move(held), more); !noted) return noted;
  return note(context, store.cancel_deleted(now, limits::kChunkRowsMax), more);
}

}  // namespace postrider
