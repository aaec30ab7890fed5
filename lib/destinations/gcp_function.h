// Cloud Functions and Cloud Run of Google.
#pragma once

#include "destinations/webhook.h"

namespace postrider::destinations {

/// What `aud` of an ID token has to be for a function: its URL, without a query; of Cloud Run's own
/// hosts the service's, without a path.
[[nodiscard]] std::string function_audience(std::string_view url);

class GcpFunction final : public webhook::Webhook {
 public:
  [[nodiscard]] std::string_view name() const override { return "Cloud Functions"; }
  /// 401 and 403: the caller may not invoke it; 404: there is none.
  [[nodiscard]] Judgement judge(const Response& response, WallTime now) const override;
};

}  // namespace postrider::destinations
