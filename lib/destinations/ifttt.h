// IFTTT's Webhooks service.
#pragma once

#include "destinations/webhook.h"

namespace postrider::destinations {

class Ifttt final : public webhook::Webhook {
 public:
  [[nodiscard]] std::string_view name() const override { return "IFTTT"; }
  /// The body has `value1` to `value3`: the output of the endpoint's programs, or the type, the
  /// data in readable form and the event's id. A URL of the form …/json/with/key/… accepts any
  /// JSON, so the payload is sent unchanged.
  [[nodiscard]] Result<Content> shape(const Message& message) const override;
  /// 401 means that the key is invalid, 410 that the endpoint is gone.
  [[nodiscard]] Classification classify(const Response& response, WallTime now) const override;
};

}  // namespace postrider::destinations
