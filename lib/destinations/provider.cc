#include "destinations/provider.h"

#include "destinations/aws_lambda.h"
#include "destinations/discord.h"
#include "destinations/gcp_function.h"
#include "destinations/ifttt.h"
#include "destinations/slack.h"
#include "destinations/webhook.h"
#include "destinations/zapier.h"
#include "json/raw_json.h"

namespace postrider::destinations {

const Provider& provider_of(DestinationType type) {
  static const webhook::Webhook kWebhook;
  static const Slack kSlack;
  static const Discord kDiscord;
  static const Zapier kZapier;
  static const Ifttt kIfttt;
  static const AwsLambda kAwsLambda;
  static const GcpFunction kGcpFunction;
  switch (type) {
    case DestinationType::kSlack:
      return kSlack;
    case DestinationType::kDiscord:
      return kDiscord;
    case DestinationType::kZapier:
      return kZapier;
    case DestinationType::kIfttt:
      return kIfttt;
    case DestinationType::kAwsLambda:
      return kAwsLambda;
    case DestinationType::kGcpFunction:
      return kGcpFunction;
    case DestinationType::kWebhook:
      break;
  }
  return kWebhook;
}

std::vector<std::string> programs_of(const EndpointConfig& config) {
  if (!config.transform.empty()) return {config.transform};
  if (!config.destination.message_template.empty()) return {config.destination.message_template};
  return config.destination.values;
}

std::string_view program_member(const EndpointConfig& config) {
  if (!config.transform.empty()) return "transform";
  return config.destination.message_template.empty() ? "values" : "template";
}

Result<Content> content(const Message& message) {
  if (message.config.transform.empty())
    return provider_of(message.config.destination.type).shape(message);
  const std::string& output = message.outputs.front();
  // jq 1.6 replaces values that are nested deeper than 256 with a remark.
  if (!json::parse_raw(output, {.levels = 0}))
    return fail(Errc::kInvalidArgument, "transform: its output is nested too deeply");
  return Content{output, "application/json", {}};
}

}  // namespace postrider::destinations
