#include "destinations/aws_lambda.h"

#include <nlohmann/json.hpp>

#include "destinations/classification.h"
#include "destinations/sigv4.h"

namespace postrider::destinations {
namespace {

/// Returns the message of AWS's own error body, `{"Message":"…"}`. A function's own response may
/// have another form.
std::string error_message_of(std::string_view body) {
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  if (!answer.is_object()) return {};
  for (const char* const name : {"Message", "message"}) {
    const auto found = answer.find(name);
    if (found != answer.end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

}  // namespace

Headers AwsLambda::authorize(
    const EndpointConfig& config, std::string_view content_type, std::string_view body, WallTime now
) const {
  const auto& sigv4 = config.destination.sigv4;
  if (!sigv4) return {};
  const std::string region =
      sigv4->region.empty() ? lambda_region_of(config.url).value_or("") : sigv4->region;
  return sigv4_headers(sigv4->credentials, {region, "lambda", config.url, content_type, body}, now);
}

Classification AwsLambda::classify(const Response& response, WallTime now) const {
  if (!is_answered(response)) return classify_status(response, now);
  const std::string reason = words_of(name(), error_message_of(response.body));
  if (refuses_message(response.status)) return rejected(reason);
  switch (response.status) {
    case 403:
    case 410:
      return gone(reason);
    case 502:
      return try_again(reason);
    default:
      return classify_status(response, now, reason);
  }
}

}  // namespace postrider::destinations
