#include "engine/request.h"

#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "destinations/webhook.h"
#include "signing/scheme.h"

namespace postrider {
namespace {

/// Those of api.md §7 with what a scheme adds: room for them, not a bound.
constexpr std::size_t kOwnHeaders = 16;
/// Of a body that a scheme has wrapped.
constexpr std::string_view kJson = "application/json";

std::vector<std::string_view> valid_secrets(const Endpoint& endpoint, WallTime now) {
  std::vector<std::string_view> secrets;
  for (const auto& secret : endpoint.secrets) {
    if (!secret.expires_at || *secret.expires_at > now) secrets.emplace_back(secret.value);
  }
  return secrets;
}

void add_header(std::vector<std::string>& headers, std::string_view name, std::string_view value) {
  std::string line;
  line.reserve(name.size() + 2 + value.size());
  line.append(name).append(": ").append(value);
  headers.push_back(std::move(line));
}

}  // namespace

Request make_request(
    const DueDelivery& due,
    const Endpoint& endpoint,
    const IdCodec& ids,
    const RequestOptions& options,
    WallTime now
) {
  const Event& event = *due.event;
  const std::string event_id = ids.encode(event.id);
  Request request;
  request.url = endpoint.config.url;
  request.timeout = endpoint.config.timeout.value_or(options.timeout_default);
  request.body = webhook::shape_body(event, event_id, endpoint.config.payload);

  const PayloadKind payload = endpoint.config.payload;
  const std::string delivery_id = ids.encode(due.delivery.id);
  const signing::Message message{
      .id = event_id,
      .timestamp_s = unix_ms(now) / 1000,
      .body = request.body,
      .type = event.type,
      .delivery_id = delivery_id,
      .attempt = due.delivery.attempts_count + 1};
  const Signature& signature = endpoint.config.signature;
  const signing::Scheme* const scheme = signing::find_scheme(signature.scheme);
  POSTRIDER_ASSERT(scheme != nullptr);
  auto made = scheme->sign(valid_secrets(endpoint, now), message, signature.members);

  auto& headers = request.headers;
  headers.reserve(kOwnHeaders + endpoint.config.headers.size());
  add_header(headers, "content-type", made.body ? kJson : webhook::content_type(payload));
  add_header(headers, "user-agent", options.user_agent);
  for (const auto& [name, value] : webhook::shape_headers(event, event_id, payload))
    add_header(headers, name, value);
  for (const auto& [name, value] : made.headers) add_header(headers, name, value);
  if (made.body) request.body = std::move(*made.body);
  add_header(headers, "postrider-attempt", std::to_string(due.delivery.attempts_count + 1));
  if (!event.traceparent.empty()) add_header(headers, "traceparent", event.traceparent);
  if (!event.tracestate.empty()) add_header(headers, "tracestate", event.tracestate);
  for (const auto& [name, value] : endpoint.config.headers) add_header(headers, name, value);
  return request;
}

}  // namespace postrider
