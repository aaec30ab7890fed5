#include "api/endpoint_signing.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"
#include "domain/header_rules.h"

namespace postrider::api {

const signing::Scheme* scheme_of(const Endpoint& endpoint) {
  return signing::find_scheme(endpoint.config.signature.scheme);
}

void check_signature(EndpointConfig& config, FieldErrors& errors) {
  const bool has_errors = std::any_of(errors.begin(), errors.end(), [](const FieldError& error) {
    return error.pointer.starts_with("/signature");
  });
  if (!has_errors) config.signature = signing::check_signature(config.signature, errors);
}

Status check_secret(const signing::Scheme& scheme, const std::string& secret) {
  if (secret.size() <= limits::kSecretLengthMax) return scheme.check_secret(secret);
  return fail(
      Errc::kInvalidArgument,
      "must be at most " + std::to_string(limits::kSecretLengthMax) + " bytes"
  );
}

void add_first_secret(
    Endpoint& endpoint, const std::string* given, WallTime now, FieldErrors& errors
) {
  const signing::Scheme* const scheme = scheme_of(endpoint);
  if (!errors.empty() || scheme == nullptr) return;
  EndpointSecret secret;
  secret.created_at = now;
  if (given != nullptr) {
    const auto checked = check_secret(*scheme, *given);
    if (!checked) errors.push_back({"/secret", checked.error().context});
    secret.value = *given;
  } else {
    secret.value = scheme->generate_secret();
  }
  endpoint.secrets.push_back(std::move(secret));
}

void check_secrets(const Endpoint& endpoint, const Signature& signature, FieldErrors& errors) {
  const auto* scheme = signing::find_scheme(signature.scheme);
  if (scheme == nullptr || signature.scheme == endpoint.config.signature.scheme) return;
  for (const EndpointSecret& secret : endpoint.secrets) {
    const auto fits = scheme->check_secret(secret.value);
    if (fits) continue;
    errors.push_back(
        {"/signature/scheme",
         "cannot be " + signature.scheme + " with the secrets of this endpoint: " +
             fits.error().context + "; create another endpoint"}
    );
    return;
  }
}

void check_headers(const EndpointConfig& config, const std::string& secret, FieldErrors& errors) {
  if (!errors.empty() || config.headers.empty()) return;
  const auto* scheme = signing::find_scheme(config.signature.scheme);
  if (scheme == nullptr) return;  // check_signature() has reported it
  const std::array<std::string_view, 1> secrets = {secret};
  const auto sample = scheme->sign(
      secrets,
      {.id = "evt", .body = "{}", .type = "a", .delivery_id = "dlv"},
      config.signature.members
  );
  if (!sample) return;  // check_secret() has reported it
  for (const auto& own : config.headers) {
    const auto same = [&](const auto& sent) { return same_header_name(sent.first, own.first); };
    if (std::none_of(sample->headers.begin(), sample->headers.end(), same)) continue;
    errors.push_back(
        {pointer_to("/headers", own.first),
         "is a header that the scheme " + config.signature.scheme + " sends itself"}
    );
  }
}

}  // namespace postrider::api
