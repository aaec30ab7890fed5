#include "destinations/ifttt.h"

#include <array>

#include <nlohmann/json.hpp>

#include "destinations/chat_body.h"
#include "destinations/classification.h"
#include "destinations/text.h"

namespace postrider::destinations {
namespace {

constexpr std::array<const char*, 3> kNames = {"value1", "value2", "value3"};
constexpr std::string_view kTakesJson = "/json/with/key/";

std::string readable_text(const Event& event) {
  std::string text;
  for (const auto& [name, value] : readable_lines(event.data)) {
    if (!text.empty()) text += "\n";
    if (!name.empty()) text.append(name).append(": ");
    text += value;
  }
  return text;
}

/// IFTTT's ingredients are texts and numbers, so other values are sent as JSON text.
nlohmann::json value_of(const std::string& output) {
  nlohmann::json value = nlohmann::json::parse(output, nullptr, false);
  return value.is_structured() ? nlohmann::json(output) : value;
}

/// Returns the message of `{"errors":[{"message":"…"}]}`.
std::string first_error_of(std::string_view body) {
  const nlohmann::json answer = nlohmann::json::parse(body, nullptr, false);
  const nlohmann::json::json_pointer at{"/errors/0/message"};
  if (!answer.contains(at)) return {};
  const auto* const message = answer[at].get_ptr<const std::string*>();
  return message == nullptr ? std::string{} : *message;
}

}  // namespace

Result<Content> Ifttt::shape(const Message& message) const {
  nlohmann::json body = nlohmann::json::object();
  if (!message.outputs.empty()) {
    for (std::size_t i = 0; i < message.outputs.size(); ++i)
      body[kNames.at(i)] = value_of(message.outputs[i]);
    return json_content(body);
  }
  if (message.config.url.find(kTakesJson) != std::string::npos) return Webhook::shape(message);
  body[kNames[0]] = message.event.type;
  body[kNames[1]] = readable_text(message.event);
  body[kNames[2]] = message.event_id;
  return json_content(body);
}

Classification Ifttt::classify(const Response& response, WallTime now) const {
  if (!is_answered(response)) return classify_status(response, now);
  const std::string reason = words_of(name(), first_error_of(response.body));
  if (response.status == 401 || response.status == 410) return gone(reason);
  return classify_status(response, now, reason);
}

}  // namespace postrider::destinations
