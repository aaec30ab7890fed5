#include "engine/id_tokens.h"

#include <chrono>
#include <utility>

#include "base/assert.h"
#include "destinations/gcp_function.h"

namespace postrider {
namespace {

/// Margin for differences between clocks, and for slow requests.
constexpr Millis kMargin = std::chrono::minutes{5};
/// The timeout of a token request: deliveries wait for it.
constexpr Millis kTimeout{10'000};
constexpr std::string_view kGoogle = "https://oauth2.googleapis.com/token";

const OidcAuth& auth_of(const EndpointConfig& config) {
  POSTRIDER_ASSERT(config.destination.oidc);
  return *config.destination.oidc;
}

std::string audience_of(const EndpointConfig& config) {
  const OidcAuth& auth = auth_of(config);
  return auth.audience.empty() ? destinations::function_audience(config.url) : auth.audience;
}

std::string token_url_of(const OidcAuth& auth) {
  if (!auth.token_url.empty()) return auth.token_url;
  if (!auth.service_account.token_uri.empty()) return auth.service_account.token_uri;
  return std::string{kGoogle};
}

/// Why a response has no token.
std::string reason_of(const Response& response) {
  if (response.failure != Response::Failure::kNone) return response.error;
  const std::string words = destinations::token_error_of(response.body);
  return "it answered " + std::to_string(response.status) + (words.empty() ? "" : ", " + words);
}

}  // namespace

std::string IdTokens::key_of(const EndpointConfig& config) {
  const OidcAuth& auth = auth_of(config);
  std::string key;
  for (const auto& part :
       {token_url_of(auth),
        audience_of(config),
        auth.service_account.client_email,
        auth.service_account.private_key_id,
        auth.service_account.private_key})
    key.append(part).append("\n");
  return key;
}

const std::string* IdTokens::find(const std::string& key, WallTime now) const {
  const auto found = tokens_.find(key);
  const bool is_valid = found != tokens_.end() && found->second.expires_at - kMargin > now;
  return is_valid ? &found->second.value : nullptr;
}

Result<Request> IdTokens::make_request(const EndpointConfig& config, WallTime now) {
  const OidcAuth& auth = auth_of(config);
  Request request;
  request.url = token_url_of(auth);
  auto body =
      destinations::token_request_body(auth.service_account, audience_of(config), request.url, now);
  if (!body) return tl::unexpected(std::move(body).error());
  request.body = std::move(*body);
  request.headers = {"content-type: application/x-www-form-urlencoded", "accept: application/json"};
  request.timeout = kTimeout;
  return request;
}

Status IdTokens::take(const std::string& key, const Response& response, WallTime now) {
  const bool is_answered = response.failure == Response::Failure::kNone && response.status == 200;
  auto token = is_answered
                   ? destinations::parse_token_answer(response.body, now)
                   : Result<destinations::IdToken>{fail(Errc::kUnavailable, reason_of(response))};
  if (!token)
    return fail(Errc::kUnavailable, "no token for the function: " + token.error().context);
  for (auto old = tokens_.begin(); old != tokens_.end();)
    old = old->second.expires_at <= now ? tokens_.erase(old) : std::next(old);
  tokens_.insert_or_assign(key, std::move(*token));
  return {};
}

void IdTokens::drop(const std::string& key, std::string_view token) {
  const auto found = tokens_.find(key);
  if (found != tokens_.end() && found->second.value == token) tokens_.erase(found);
}

}  // namespace postrider
