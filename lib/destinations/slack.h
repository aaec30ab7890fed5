// Slack's incoming webhooks.
#pragma once

#include "destinations/provider.h"

namespace postrider::destinations {

class Slack final : public Provider {
 public:
  [[nodiscard]] std::string_view name() const override { return "Slack"; }
  [[nodiscard]] bool is_signed() const override { return false; }
  [[nodiscard]] Result<Content> shape(const Message& message) const override;
  /// Classifies by the word in the body if Slack documents it, otherwise by the status.
  [[nodiscard]] Classification classify(const Response& response, WallTime now) const override;
};

}  // namespace postrider::destinations
