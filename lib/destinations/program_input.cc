#include "destinations/program_input.h"

#include "json/json_writer.h"

namespace postrider::destinations {

std::string program_input(const EventDraft& event, std::string_view event_id, WallTime timestamp) {
  std::string text;
  text.reserve(event.data.size() + event.metadata.size() + 256);
  json::JsonObject object(text);
  object.text_or_null("id", event_id)
      .text("type", event.type)
      .instant("timestamp", timestamp)
      .text("tenant", event.tenant);
  json::JsonArray channels(object.begin("channels"));
  for (const auto& channel : event.channels) json::append_json_string(channels.next(), channel);
  channels.end();
  object.raw("metadata", event.metadata.empty() ? "{}" : event.metadata)
      .raw("data", event.data)
      .end();
  return text;
}

}  // namespace postrider::destinations
