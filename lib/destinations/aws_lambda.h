// Function URLs of AWS Lambda.
#pragma once

#include "destinations/webhook.h"

namespace postrider::destinations {

class AwsLambda final : public webhook::Webhook {
 public:
  [[nodiscard]] std::string_view name() const override { return "AWS Lambda"; }
  /// Signs with AWS Signature Version 4 if the endpoint has credentials.
  [[nodiscard]] Headers authorize(
      const EndpointConfig& config,
      std::string_view content_type,
      std::string_view body,
      WallTime now
  ) const override;
  /// 403 disables the endpoint, because the caller may not invoke the function, and so does 410.
  /// 502 is retried without backoff of the endpoint, because the function has failed for this
  /// message only.
  [[nodiscard]] Classification classify(const Response& response, WallTime now) const override;
};

}  // namespace postrider::destinations
