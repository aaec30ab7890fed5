#include "engine/request.h"

#include <string_view>
#include <utility>
#include <vector>

#include "destinations/provider.h"
#include "signing/scheme.h"

namespace postrider {
namespace {

/// Expected headers: those of every request and those of the signature. Reserves room, is no bound.
constexpr std::size_t kOwnHeaders = 16;
/// The content type of a body that a signature scheme has wrapped.
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

void add_headers(
    std::vector<std::string>& headers, const std::vector<std::pair<std::string, std::string>>& more
) {
  for (const auto& [name, value] : more) add_header(headers, name, value);
}

Result<signing::Signed> sign(
    const DueDelivery& due,
    const Endpoint& endpoint,
    std::string_view event_id,
    std::string_view delivery_id,
    std::string_view body,
    WallTime now
) {
  const Signature& signature = endpoint.config.signature;
  const signing::Scheme* const scheme = signing::find_scheme(signature.scheme);
  if (scheme == nullptr)
    return fail(Errc::kInvalidArgument, "unknown signature scheme " + signature.scheme);
  const auto secrets = valid_secrets(endpoint, now);
  if (secrets.empty()) return fail(Errc::kInvalidArgument, "the endpoint has no valid secret");
  const signing::Message message{
      .id = event_id,
      .timestamp_s = std::max<std::int64_t>(unix_ms(now) / 1000, 0),
      .body = body,
      .type = due.event->type,
      .delivery_id = delivery_id,
      .attempt = due.delivery.attempts_count + 1};
  auto made = scheme->sign(secrets, message, signature.members);
  if (made) return made;
  return fail(Errc::kInvalidArgument, "cannot sign: " + made.error().context);
}

}  // namespace

Result<Request> make_request(
    const DueDelivery& due,
    const Endpoint& endpoint,
    const RequestInputs& inputs,
    const IdCodec& ids,
    const RequestOptions& options,
    WallTime now
) {
  const Event& event = *due.event;
  const EndpointConfig& config = endpoint.config;
  const std::string event_id = ids.encode(event.id);
  const auto& provider = destinations::provider_of(config.destination.type);
  auto content = destinations::content({event, event_id, config, inputs.outputs});
  if (!content) return tl::unexpected(std::move(content).error());

  signing::Signed made;
  if (provider.is_signed()) {
    auto signed_by_secrets =
        sign(due, endpoint, event_id, ids.encode(due.delivery.id), content->body, now);
    if (!signed_by_secrets) return tl::unexpected(std::move(signed_by_secrets).error());
    made = std::move(*signed_by_secrets);
  }
  const std::string_view content_type = made.body ? kJson : content->content_type;

  Request request;
  request.url = provider.url(config);
  request.timeout = config.timeout.value_or(options.timeout_default);
  request.body = made.body ? std::move(*made.body) : std::move(content->body);
  auto& headers = request.headers;
  headers.reserve(kOwnHeaders + config.headers.size());
  add_header(headers, "content-type", content_type);
  add_header(headers, "user-agent", provider.user_agent(options.user_agent));
  add_headers(headers, content->headers);
  add_headers(headers, made.headers);
  add_headers(headers, provider.authorize(config, content_type, request.body, now));
  if (!inputs.token.empty())
    add_header(headers, "authorization", "Bearer " + std::string{inputs.token});
  add_header(headers, "postrider-attempt", std::to_string(due.delivery.attempts_count + 1));
  if (!event.traceparent.empty()) add_header(headers, "traceparent", event.traceparent);
  if (!event.tracestate.empty()) add_header(headers, "tracestate", event.tracestate);
  add_headers(headers, config.headers);
  return request;
}

}  // namespace postrider
