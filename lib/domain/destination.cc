#include "domain/destination.h"

#include <array>

namespace postrider {

std::string_view to_string(DestinationType type) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "webhook", "slack", "discord", "zapier", "ifttt", "aws_lambda", "gcp_function"};
  return kNames[static_cast<std::size_t>(type)];
}

bool has_secret_url(DestinationType type) {
  switch (type) {
    case DestinationType::kSlack:
    case DestinationType::kDiscord:
    case DestinationType::kZapier:
    case DestinationType::kIfttt:
      return true;
    case DestinationType::kWebhook:
    case DestinationType::kAwsLambda:
    case DestinationType::kGcpFunction:
      break;
  }
  return false;
}

}  // namespace postrider
