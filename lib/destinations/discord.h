// Discord's webhooks.
#pragma once

#include "destinations/provider.h"

namespace postrider::destinations {

class Discord final : public Provider {
 public:
  [[nodiscard]] std::string_view name() const override { return "Discord"; }
  [[nodiscard]] bool is_signed() const override { return false; }
  /// Adds `wait=true`: without it Discord does not report that it rejected a message.
  [[nodiscard]] std::string url(const EndpointConfig& config) const override;
  /// Returns the form that Discord requires of programs.
  [[nodiscard]] std::string user_agent(std::string_view own) const override;
  /// The message mentions nobody unless the template sets mentions.
  [[nodiscard]] Result<Content> shape(const Message& message) const override;
  /// A rate limit of the whole bot or address makes all endpoints of the host back off. After the
  /// last request that a limit allows, the endpoint backs off until the limit's period ends.
  [[nodiscard]] Classification classify(const Response& response, WallTime now) const override;
};

}  // namespace postrider::destinations
