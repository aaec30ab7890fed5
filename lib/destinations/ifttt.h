// IFTTT's Webhooks service.
#pragma once

#include "destinations/webhook.h"

namespace postrider::destinations {

class Ifttt final : public webhook::Webhook {
 public:
  [[nodiscard]] std::string_view name() const override { return "IFTTT"; }
  /// `value1` to `value3`: what the endpoint's programs make, or the type, the data readably and
  /// the event's id. A URL of the form …/json/with/key/… takes any JSON: the payload as it is.
  [[nodiscard]] Result<Content> shape(const Message& message) const override;
  /// 401: the key is invalid.
  [[nodiscard]] Judgement judge(const Response& response, WallTime now) const override;
};

}  // namespace postrider::destinations
