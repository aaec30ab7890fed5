// Zapier's catch hooks.
#pragma once

#include "destinations/webhook.h"

namespace postrider::destinations {

class Zapier final : public webhook::Webhook {
 public:
  [[nodiscard]] std::string_view name() const override { return "Zapier"; }
  /// 404 and 410: there is no such hook. Whether a Zap runs a 200 does not say.
  [[nodiscard]] Judgement judge(const Response& response, WallTime now) const override;
};

}  // namespace postrider::destinations
