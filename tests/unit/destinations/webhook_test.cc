#include "destinations/webhook.h"

#include <chrono>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace postrider::webhook {
namespace {

using std::chrono::seconds;
using Failure = Response::Failure;

Event make_event() {
  Event event;
  event.type = "order.created";
  event.tenant = "acme";
  event.data = R"({"b":1.10,"a":12345678901234567890123,"s":"\u0041  x"})";
  event.created_at = parse_rfc3339("2026-01-01T00:00:00Z").value();
  return event;
}

TEST(WebhookBody, AsEnvelopeHoldsTheDataByteForByte) {
  EXPECT_EQ(
      shape_body(make_event(), "evt_1", PayloadKind::kEnvelope),
      R"({"type":"order.created","timestamp":"2026-01-01T00:00:00.000Z",)"
      R"("data":{"b":1.10,"a":12345678901234567890123,"s":"\u0041  x"}})"
  );
}

TEST(WebhookBody, AsRawIsTheDataAlone) {
  EXPECT_EQ(shape_body(make_event(), "evt_1", PayloadKind::kRaw), make_event().data);
}

TEST(WebhookBody, AsCloudEventsHasEveryRequiredAttribute) {
  EXPECT_EQ(
      shape_body(make_event(), "evt_01", PayloadKind::kCloudEvents),
      R"({"specversion":"1.0","id":"evt_01","source":"/tenants/acme","type":"order.created",)"
      R"("time":"2026-01-01T00:00:00.000Z","datacontenttype":"application/json",)"
      R"("data":{"b":1.10,"a":12345678901234567890123,"s":"\u0041  x"}})"
  );
}

TEST(WebhookBody, TakesBracesInDataAsTheyAre) {
  auto event = make_event();
  event.data = R"({"{}":"{0}"})";
  EXPECT_EQ(
      shape_body(event, "evt_1", PayloadKind::kEnvelope),
      R"({"type":"order.created","timestamp":"2026-01-01T00:00:00.000Z","data":{"{}":"{0}"}})"
  );
}

TEST(WebhookBody, AsCloudEventsInBinaryModeHasTheAttributesInHeaders) {
  EXPECT_EQ(shape_body(make_event(), "evt_01", PayloadKind::kCloudEventsBinary), make_event().data);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"ce-specversion", "1.0"},
      {"ce-id", "evt_01"},
      {"ce-source", "/tenants/acme"},
      {"ce-type", "order.created"},
      {"ce-time", "2026-01-01T00:00:00.000Z"}};
  EXPECT_EQ(shape_headers(make_event(), "evt_01", PayloadKind::kCloudEventsBinary), expected);
  EXPECT_TRUE(shape_headers(make_event(), "evt_01", PayloadKind::kCloudEvents).empty());
}

TEST(WebhookBody, NamesItsContentType) {
  EXPECT_EQ(content_type(PayloadKind::kCloudEventsBinary), "application/json");
  EXPECT_EQ(content_type(PayloadKind::kEnvelope), "application/json");
  EXPECT_EQ(content_type(PayloadKind::kRaw), "application/json");
  EXPECT_TRUE(content_type(PayloadKind::kCloudEvents).starts_with("application/cloudevents+json"));
}

TEST(WebhookJudge, GoesByTheStatus) {
  struct Case {
    int status;
    Verdict verdict;
    Outcome outcome;
  };
  const Case table[] = {
      {200, Verdict::kDelivered, Outcome::kSuccess},
      {204, Verdict::kDelivered, Outcome::kSuccess},
      {299, Verdict::kDelivered, Outcome::kSuccess},
      {101, Verdict::kRetry, Outcome::kHttpError},
      {301, Verdict::kRetry, Outcome::kHttpError},
      {302, Verdict::kRetry, Outcome::kHttpError},
      {304, Verdict::kRetry, Outcome::kHttpError},
      {400, Verdict::kRetry, Outcome::kHttpError},
      {401, Verdict::kRetry, Outcome::kHttpError},
      {404, Verdict::kRetry, Outcome::kHttpError},
      {408, Verdict::kRetry, Outcome::kHttpError},
      {410, Verdict::kEndpointGone, Outcome::kGone},
      {413, Verdict::kRetry, Outcome::kHttpError},
      {429, Verdict::kThrottled, Outcome::kHttpError},
      {500, Verdict::kRetry, Outcome::kHttpError},
      {501, Verdict::kRetry, Outcome::kHttpError},
      {502, Verdict::kThrottled, Outcome::kHttpError},
      {503, Verdict::kThrottled, Outcome::kHttpError},
      {504, Verdict::kThrottled, Outcome::kHttpError},
      {599, Verdict::kRetry, Outcome::kHttpError},
      {0, Verdict::kRetry, Outcome::kResponseInvalid},
      {99, Verdict::kRetry, Outcome::kResponseInvalid},
      {600, Verdict::kRetry, Outcome::kResponseInvalid},
      {999, Verdict::kRetry, Outcome::kResponseInvalid},
      {-200, Verdict::kRetry, Outcome::kResponseInvalid},
  };
  for (const auto& [status, verdict, outcome] : table) {
    Response response;
    response.status = status;
    const auto classification = Webhook{}.classify(response, WallTime{});
    EXPECT_EQ(classification.verdict, verdict) << status;
    EXPECT_EQ(classification.outcome, outcome) << status;
    EXPECT_EQ(classification.retry_after, std::nullopt) << status;
  }
}

TEST(WebhookJudge, RetriesWhatGotNoResponse) {
  const std::pair<Failure, Outcome> table[] = {
      {Failure::kTimeout, Outcome::kTimeout},
      {Failure::kConnect, Outcome::kConnect},
      {Failure::kTls, Outcome::kTls},
      {Failure::kDns, Outcome::kDns},
      {Failure::kBlocked, Outcome::kBlocked},
      {Failure::kInvalid, Outcome::kResponseInvalid},
  };
  for (const auto& [failure, outcome] : table) {
    Response response;
    response.failure = failure;
    response.status = 200;  // arrived before the failure: the failure decides
    const auto classification = Webhook{}.classify(response, WallTime{});
    EXPECT_EQ(classification.verdict, Verdict::kRetry);
    EXPECT_EQ(classification.outcome, outcome);
  }
}

TEST(WebhookJudge, HonoursRetryAfterOnlyWhereItHoldsTheEndpoint) {
  const auto now = parse_rfc3339("2026-01-01T00:00:00Z").value();
  const auto asked = [&](int status, const char* header) {
    Response response;
    response.status = status;
    response.retry_after = header;
    return Webhook{}.classify(response, now).retry_after;
  };
  for (const int status : {429, 502, 503, 504}) {
    EXPECT_EQ(asked(status, "120"), seconds{120}) << status;
    EXPECT_EQ(asked(status, "Thu, 01 Jan 2026 00:05:00 GMT"), seconds{300}) << status;
    EXPECT_EQ(asked(status, "99999999999999"), Millis{limits::kRetryAfterMsMax}) << status;
    EXPECT_EQ(asked(status, "soon"), std::nullopt) << status;
  }
  for (const int status : {200, 301, 404, 410, 500}) EXPECT_EQ(asked(status, "120"), std::nullopt);
}

}  // namespace
}  // namespace postrider::webhook
