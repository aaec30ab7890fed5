#include "destinations/webhook.h"

#include <fmt/format.h>

#include "base/clock.h"

namespace postrider::webhook {
namespace {

/// The outcome of a request that got no usable response.
Outcome outcome_of(Response::Failure failure) {
  switch (failure) {
    case Response::Failure::kTimeout:
      return Outcome::kTimeout;
    case Response::Failure::kConnect:
      return Outcome::kConnect;
    case Response::Failure::kTls:
      return Outcome::kTls;
    case Response::Failure::kDns:
      return Outcome::kDns;
    case Response::Failure::kBlocked:
      return Outcome::kBlocked;
    case Response::Failure::kNone:
    case Response::Failure::kInvalid:
      break;
  }
  return Outcome::kResponseInvalid;
}

std::string source_of(const Event& event) { return "/tenants/" + event.tenant; }

bool is_throttling(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

std::string shape_body(const Event& event, std::string_view event_id, PayloadKind payload) {
  // Types, tenants and ids are of characters that JSON and URIs take as they are; nothing but
  // `data`, which is JSON already, needs to be escaped.
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

std::vector<std::pair<std::string, std::string>> shape_headers(
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
  // RFC 8259 knows no charset parameter for JSON; CloudEvents' own examples give one, and its
  // receivers take either.
  return payload == PayloadKind::kCloudEvents ? "application/cloudevents+json; charset=utf-8"
                                              : "application/json";
}

Judgement judge(const Response& response, WallTime now) {
  // Time spent on reading a body that never ends does not undo a status that has arrived, but the
  // transport says so by leaving `failure` unset.
  if (response.failure != Response::Failure::kNone) {
    return {Verdict::kRetry, outcome_of(response.failure), std::nullopt};
  }
  const int status = response.status;
  if (status < 100 || status > 599) {
    return {Verdict::kRetry, Outcome::kResponseInvalid, std::nullopt};
  }
  if (status >= 200 && status <= 299) return {Verdict::kDelivered, Outcome::kSuccess, std::nullopt};
  if (status == 410) return {Verdict::kEndpointGone, Outcome::kGone, std::nullopt};
  if (!is_throttling(status)) return {Verdict::kRetry, Outcome::kHttpError, std::nullopt};
  return {Verdict::kThrottled, Outcome::kHttpError, parse_retry_after(response.retry_after, now)};
}

}  // namespace postrider::webhook
