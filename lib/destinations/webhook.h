// The plain webhook: sends the event unchanged.
#pragma once

#include <string>
#include <string_view>

#include "destinations/provider.h"

namespace postrider::webhook {

/// Returns the body of every attempt for `event`; it contains `data` byte for byte. Equal arguments
/// give equal bytes. `event_id` is the public id (evt_…).
[[nodiscard]] std::string shape_body(
    const Event& event, std::string_view event_id, PayloadKind payload
);

/// Returns the headers that are sent with the body: the attributes of CloudEvents in binary mode.
/// Names are lower-case.
[[nodiscard]] destinations::Headers shape_headers(
    const Event& event, std::string_view event_id, PayloadKind payload
);

/// Returns the value of `content-type` for the body.
[[nodiscard]] std::string_view content_type(PayloadKind payload);

/// A subscriber's own server. Other providers derive from it and classify responses differently.
class Webhook : public destinations::Provider {
 public:
  [[nodiscard]] std::string_view name() const override { return "webhook"; }
  [[nodiscard]] Result<destinations::Content> shape(const destinations::Message& message
  ) const override;
  /// Classifies by the rules of api.md §4: only 2xx is success, 410 disables the endpoint, and
  /// 429/502/503/504 make it back off (for as long as Retry-After says if the response has it). All
  /// other responses are retried.
  [[nodiscard]] Classification classify(const Response& response, WallTime now) const override;
};

}  // namespace postrider::webhook
