// Zapier's catch hooks.
#pragma once

#include "destinations/webhook.h"

namespace postrider::destinations {

class Zapier final : public webhook::Webhook {
 public:
  [[nodiscard]] std::string_view name() const override { return "Zapier"; }
  /// 404 and 410 mean that the hook does not exist. A 200 does not say whether a Zap runs.
  [[nodiscard]] Classification classify(const Response& response, WallTime now) const override;
};

}  // namespace postrider::destinations
