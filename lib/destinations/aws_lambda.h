// Function URLs of AWS Lambda.
#pragma once

#include "destinations/webhook.h"

namespace postrider::destinations {

class AwsLambda final : public webhook::Webhook {
 public:
  [[nodiscard]] std::string_view name() const override { return "AWS Lambda"; }
  /// AWS Signature Version 4, where the endpoint has credentials.
  [[nodiscard]] Headers authorize(
      const EndpointConfig& config,
      std::string_view content_type,
      std::string_view body,
      WallTime now
  ) const override;
  /// 403: the caller may not invoke it. A 502 is the function's own failure over this message and
  /// holds nobody else up.
  [[nodiscard]] Judgement judge(const Response& response, WallTime now) const override;
};

}  // namespace postrider::destinations
