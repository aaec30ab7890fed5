#include "destinations/webhook.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "destinations/classification.h"

namespace postrider::webhook {
namespace {

std::string source_of(const Event& event) { return "/tenants/" + event.tenant; }

}  // namespace

std::string shape_body(const Event& event, std::string_view event_id, PayloadKind payload) {
  // Types, tenants and ids consist of characters that need no escaping in JSON and URIs, and `data`
  // is JSON already.
  const auto time = to_rfc3339(event.created_at);
  switch (payload) {
    case PayloadKind::kEnvelope:
      return fmt::format(
          R"({{"type":"{}","timestamp":"{}","data":{}}})", event.type, time, event.data
      );
    case PayloadKind::kRaw:
    case PayloadKind::kCloudEventsBinary:
      return event.data;
    case PayloadKind::kCloudEvents:
      break;
  }
  return fmt::format(
      R"({{"specversion":"1.0","id":"{}","source":"{}","type":"{}","time":"{}",)"
      R"("datacontenttype":"application/json","data":{}}})",
      event_id,
      source_of(event),
      event.type,
      time,
      event.data
  );
}

destinations::Headers shape_headers(
    const Event& event, std::string_view event_id, PayloadKind payload
) {
  if (payload != PayloadKind::kCloudEventsBinary) return {};
  return {
      {"ce-specversion", "1.0"},
      {"ce-id", std::string{event_id}},
      {"ce-source", source_of(event)},
      {"ce-type", event.type},
      {"ce-time", to_rfc3339(event.created_at)}};
}

std::string_view content_type(PayloadKind payload) {
  // RFC 8259 has no charset parameter for JSON. CloudEvents' own examples have one, and receivers
  // of CloudEvents accept both.
  return payload == PayloadKind::kCloudEvents ? "application/cloudevents+json; charset=utf-8"
                                              : "application/json";
}

Result<destinations::Content> Webhook::shape(const destinations::Message& message) const {
  const PayloadKind payload = message.config.payload;
  return destinations::Content{
      shape_body(message.event, message.event_id, payload),
      content_type(payload),
      shape_headers(message.event, message.event_id, payload)};
}

Classification Webhook::classify(const Response& response, WallTime now) const {
  if (destinations::is_answered(response) && response.status == 410) return destinations::gone({});
  return destinations::classify_status(response, now);
}

}  // namespace postrider::webhook
