// Google's Cloud Functions and Cloud Run.
#pragma once

#include "destinations/webhook.h"

namespace postrider::destinations {

/// Returns the `aud` that an ID token for a function needs: its URL without a query. For hosts of
/// Cloud Run it is the service's URL, without a path.
[[nodiscard]] std::string function_audience(std::string_view url);

class GcpFunction final : public webhook::Webhook {
 public:
  [[nodiscard]] std::string_view name() const override { return "Cloud Functions"; }
  /// 401 and 403 mean that the caller may not invoke the function, 404 and 410 that it does not
  /// exist.
  [[nodiscard]] Classification classify(const Response& response, WallTime now) const override;
};

}  // namespace postrider::destinations
