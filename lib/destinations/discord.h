// Discord's webhooks.
#pragma once

#include "destinations/provider.h"

namespace postrider::destinations {

class Discord final : public Provider {
 public:
  [[nodiscard]] std::string_view name() const override { return "Discord"; }
  [[nodiscard]] bool is_signed() const override { return false; }
  /// With `wait=true`: else Discord does not say that a message was refused.
  [[nodiscard]] std::string url(const EndpointConfig& config) const override;
  /// In the form that Discord asks of programs.
  [[nodiscard]] std::string user_agent(std::string_view own) const override;
  /// Mentions nobody unless the template says whom.
  [[nodiscard]] Result<Content> shape(const Message& message) const override;
  /// A limit of the whole bot or address holds the host; the last request that a limit allows holds
  /// the endpoint until the limit is over.
  [[nodiscard]] Judgement judge(const Response& response, WallTime now) const override;
};

}  // namespace postrider::destinations
