#include <algorithm>

#include "destinations/google_token.h"
#include "destinations/provider.h"
#include "destinations/sigv4.h"
#include "domain/header_rules.h"

namespace postrider::destinations {
namespace {

/// Checks the credentials, two of which become header values unchanged.
void check_sigv4(const EndpointConfig& config, FieldErrors& errors) {
  const AwsCredentials& given = config.destination.sigv4->credentials;
  check_header("x-any", given.access_key_id, "/destination/auth/access_key_id", errors);
  if (!given.session_token.empty())
    check_header("x-any", given.session_token, "/destination/auth/session_token", errors);
  const std::string& region = config.destination.sigv4->region;
  const auto is_regions = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (!std::all_of(region.begin(), region.end(), is_regions))
    errors.push_back({"/destination/auth/region", "must be the name of a region: eu-west-1"});
  if (region.empty() && !lambda_region_of(config.url)) {
    errors.push_back(
        {"/destination/auth/region", "is required: the host of the URL does not name it"}
    );
  }
}

void check_oidc(const OidcAuth& oidc, FieldErrors& errors) {
  const auto fits = check_service_account(oidc.service_account);
  if (!fits) errors.push_back({"/destination/auth/service_account", fits.error().context});
}

/// Rejects headers that the authorization of the destination sets itself.
void check_headers(const EndpointConfig& config, FieldErrors& errors) {
  const bool is_signed = config.destination.sigv4.has_value();
  for (const auto& header : config.headers) {
    const std::string& name = header.first;
    const bool is_amazons = name.size() >= 6 && same_header_name(name.substr(0, 6), "x-amz-");
    if (!same_header_name(name, "authorization") && !(is_signed && is_amazons)) continue;
    errors.push_back(
        {pointer_to("/headers", name), "is a header that the destination's auth sends itself"}
    );
  }
}

void check_programs(const EndpointConfig& config, FieldErrors& errors) {
  if (config.transform.empty()) return;
  const char* const other = !config.destination.message_template.empty() ? "template"
                            : !config.destination.values.empty()         ? "values"
                                                                         : nullptr;
  if (other == nullptr) return;
  errors.push_back(
      {"/transform",
       "makes the body, as the destination's " + std::string{other} + " does: give one of them"}
  );
}

}  // namespace

void check_destination(const EndpointConfig& config, FieldErrors& errors) {
  const Destination& destination = config.destination;
  check_programs(config, errors);
  if (destination.sigv4) check_sigv4(config, errors);
  if (destination.oidc) check_oidc(*destination.oidc, errors);
  if (destination.sigv4 || destination.oidc) check_headers(config, errors);
}

}  // namespace postrider::destinations
