// /v1/event-types: the catalogue.
#include "api/body.h"
#include "api/query.h"
#include "api/resources.h"
#include "base/limits.h"
#include "json/schema.h"

namespace postrider::api {
namespace {

/// A name that cannot be one is the name of nothing.
Needed<std::string> path_name(const Call& call) {
  std::string name(call.request.parameter("name"));
  FieldErrors errors;
  check_event_type(name, "/name", errors);
  if (errors.empty()) return name;
  return refuse(no_such("event type"));
}

/// Reads the members that can change into `type`; those left out stay as they are, a null is the
/// default.
void read_members(BodyReader& body, EventType& type) {
  const auto description = body.text("description", limits::kDescriptionLengthMax);
  if (body.has("description")) type.description = description.value_or("");
  const auto archived = body.boolean("archived");
  if (body.has("archived")) type.archived = archived.value_or(false);
  const auto schema = body.raw("schema");
  if (!body.has("schema")) return;
  type.schema = schema.value_or(std::string_view{});
  if (!schema) return;
  const auto compiled = json::Schema::compile(*schema);
  if (!compiled) body.wrong("schema", compiled.error().context);
}

Reply post_event_type(const Call& call) {
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto body = BodyReader::open(call.request);
  if (!body) return refuse(std::move(body).error());
  EventType type;
  body->required("name");
  type.name = body->event_type("name");
  read_members(*body, type);
  if (auto checked = body->check(); !checked) return refuse(std::move(checked).error());
  const auto added = call.api.service.add_event_type(std::move(type));
  if (!added && added.error().code == Errc::kConflict) {
    return refuse(problem(409, "There is an event type of that name already."));
  }
  if (!added) return refuse(added.error());
  auto answer = json_answer(201, call.api.views.event_type(*added));
  answer.headers.add("Location", "/v1/event-types/" + added->name);
  return answer;
}

Reply list_event_types(const Call& call) {
  QueryReader query(call.request);
  const PageParams page = query.page();
  if (auto checked = query.check(); !checked) return refuse(std::move(checked).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  return page_reply((*reader)->event_types(page), [&](const EventType& type) {
    return call.api.views.event_type(type);
  });
}

Reply get_event_type(const Call& call) {
  const auto name = path_name(call);
  if (!name) return refuse(name.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  const auto type = (*reader)->event_type(*name);
  if (!type) return refuse(type.error());
  return json_answer(200, call.api.views.event_type(*type));
}

Reply patch_event_type(const Call& call) {
  const auto name = path_name(call);
  if (!name) return refuse(name.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto body = BodyReader::open(call.request);
  if (!body) return refuse(std::move(body).error());
  // What is wrong with the body is known before the writer is bothered with it.
  EventType wanted;
  read_members(*body, wanted);
  if (auto checked = body->check(); !checked) return refuse(std::move(checked).error());
  const auto changed =
      call.api.service.update_event_type(*name, [&](EventType type) -> Result<EventType> {
        if (body->has("description")) type.description = wanted.description;
        if (body->has("archived")) type.archived = wanted.archived;
        if (body->has("schema")) type.schema = wanted.schema;
        return type;
      });
  if (!changed) return refuse(changed.error());
  return json_answer(200, call.api.views.event_type(*changed));
}

Reply delete_event_type(const Call& call) {
  const auto name = path_name(call);
  if (!name) return refuse(name.error());
  if (auto input = no_input(call); !input) return refuse(std::move(input).error());
  if (const auto removed = call.api.service.remove_event_type(*name); !removed) {
    return refuse(removed.error());
  }
  return no_content();
}

}  // namespace

void mount_event_types(Mount& mount) {
  mount.keyed("POST", "/v1/event-types", post_event_type);
  mount.keyed("GET", "/v1/event-types", list_event_types);
  mount.keyed("GET", "/v1/event-types/{name}", get_event_type);
  mount.keyed("PATCH", "/v1/event-types/{name}", patch_event_type);
  mount.keyed("DELETE", "/v1/event-types/{name}", delete_event_type);
}

}  // namespace postrider::api
