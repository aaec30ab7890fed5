// Views of what operators set up: event types, keys, tasks.
#include <algorithm>
#include <array>

#include "api/views.h"

namespace postrider::api {
namespace {

constexpr std::array<std::pair<std::string_view, KeyScope>, 4> kScopes = {{
    {"admin", KeyScope::kAdmin},
    {"emit", KeyScope::kEmit},
    {"read", KeyScope::kRead},
    {"tenant", KeyScope::kTenant},
}};

}  // namespace

std::string_view to_string(TaskKind kind) {
  switch (kind) {
    case TaskKind::kReplayDeadLetters:
      return "replay_dead_letters";
    case TaskKind::kDiscardDeadLetters:
      return "discard_dead_letters";
    case TaskKind::kRecoverEndpoint:
      return "recover_endpoint";
  }
  return {};
}

std::string_view to_string(TaskState state) {
  switch (state) {
    case TaskState::kRunning:
      return "running";
    case TaskState::kDone:
      return "done";
    case TaskState::kFailed:
      return "failed";
    case TaskState::kCancelled:
      return "cancelled";
  }
  return {};
}

std::string_view to_string(KeyScope scope) {
  for (const auto& [name, value] : kScopes) {
    if (value == scope) return name;
  }
  return {};
}

// A new key cannot have the scope `tenant`: it allows nothing. A database may still hold such a
// key.
Result<KeyScope> parse_key_scope(std::string_view text) {
  for (const auto& [name, value] : kScopes) {
    if (name == text && value != KeyScope::kTenant) return value;
  }
  return fail(Errc::kInvalidArgument, "no such scope");
}

std::string Views::event_type(const EventType& type) const {
  std::string out;
  JsonObject(out)
      .text("name", type.name)
      .text("description", type.description)
      .raw("schema", type.schema.empty() ? std::string_view("null") : type.schema)
      .boolean("archived", type.archived)
      .instant("created_at", type.created_at)
      .instant("updated_at", type.updated_at)
      .end();
  return out;
}

void Views::api_key_members(JsonObject& object, const ApiKey& key) const {
  object.text("id", ids_.encode(key.id))
      .text("name", key.name)
      .text("scope", to_string(key.scope))
      .text_or_null("tenant", key.tenant)
      .instant("created_at", key.created_at)
      .instant("expires_at", key.expires_at)
      .instant("last_used_at", key.last_used_at);
}

std::string Views::api_key(const ApiKey& key) const {
  std::string out;
  JsonObject object(out);
  api_key_members(object, key);
  object.end();
  return out;
}

std::string Views::api_key_with_secret(const ApiKey& key, std::string_view secret) const {
  std::string out;
  JsonObject object(out);
  api_key_members(object, key);
  object.text("key", secret).end();
  return out;
}

void Views::filter_member(JsonObject& object, const DeadLetterFilter& filter) const {
  JsonObject out(object.begin("filter"));
  out.text_or_null("tenant", filter.tenant)
      .text_or_null("endpoint", filter.endpoint ? ids_.encode(*filter.endpoint) : std::string{})
      .text_or_null("type", filter.type)
      .text_or_null(
          "reason", filter.reason ? postrider::to_string(*filter.reason) : std::string_view{}
      )
      .instant("since", filter.since)
      .instant("until", filter.until)
      .end();
}

std::string Views::task(const Task& task) const {
  std::string out;
  JsonObject object(out);
  object.text("id", ids_.encode(task.id))
      .text("kind", to_string(task.kind))
      .text("state", to_string(task.state));
  filter_member(object, task.filter);
  object.number("total", task.total)
      .number("done", task.done)
      .number("skipped", task.skipped)
      .text_or_null("error", task.error)
      .instant("created_at", task.created_at)
      .instant("updated_at", task.updated_at)
      .end();
  return out;
}

}  // namespace postrider::api
