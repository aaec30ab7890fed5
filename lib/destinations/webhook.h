// The plain webhook: the event as it is.
#pragma once

#include <string>
#include <string_view>

#include "destinations/provider.h"

namespace postrider::webhook {

/// The body of every attempt for `event`; its `data` is in it byte for byte. The same arguments
/// give the same bytes. `event_id` is the public id (evt_…).
[[nodiscard]] std::string shape_body(
    const Event& event, std::string_view event_id, PayloadKind payload
);

/// What goes with the body and is not in it: the attributes of CloudEvents in binary mode. Names in
/// lower case.
[[nodiscard]] destinations::Headers shape_headers(
    const Event& event, std::string_view event_id, PayloadKind payload
);

/// The value of `content-type` that goes with the body.
[[nodiscard]] std::string_view content_type(PayloadKind payload);

/// A subscriber's own server. Others are it with answers of their own.
class Webhook : public destinations::Provider {
 public:
  [[nodiscard]] std::string_view name() const override { return "webhook"; }
  [[nodiscard]] Result<destinations::Content> shape(const destinations::Message& message
  ) const override;
  /// By the rules of api.md §4: a 2xx alone is success, 410 ends the endpoint, 429/502/503/504 hold
  /// it (for as long as Retry-After says, when it says so), and all else is tried again.
  [[nodiscard]] Judgement judge(const Response& response, WallTime now) const override;
};

}  // namespace postrider::webhook
