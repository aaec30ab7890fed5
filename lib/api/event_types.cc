// /v1/event-types: the catalogue.
#include "api/body.h"
#include "api/query.h"
#include "api/request_context.h"
#include "base/limits.h"
#include "json/schema.h"

namespace postrider::api {
namespace {

/// A name that cannot be one is the name of nothing.
ApiResult<std::string> path_name(const RequestContext& context) {
  std::string name(context.request.parameter("name"));
  FieldErrors errors;
  check_event_type(name, "/name", errors);
  if (errors.empty()) return name;
  return fail(no_such("event type"));
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

HandlerResult post_event_type(const RequestContext& context) {
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto body = BodyReader::open(context.request);
  if (!body) return fail(std::move(body).error());
  EventType type;
  body->required("name");
  type.name = body->event_type("name");
  read_members(*body, type);
  if (auto checked = body->check(); !checked) return fail(std::move(checked).error());
  const auto added = context.api.service.add_event_type(std::move(type));
  if (!added && added.error().code == Errc::kConflict) {
    return fail(problem(409, "There is an event type of that name already."));
  }
  if (!added) return fail(added.error());
  auto answer = json_response(201, context.api.views.event_type(*added));
  answer.headers.add("Location", "/v1/event-types/" + added->name);
  return answer;
}

HandlerResult list_event_types(const RequestContext& context) {
  QueryReader query(context.request);
  const PageParams page = query.page();
  if (auto checked = query.check(); !checked) return fail(std::move(checked).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  return page_reply((*reader)->event_types(page), [&](const EventType& type) {
    return context.api.views.event_type(type);
  });
}

HandlerResult get_event_type(const RequestContext& context) {
  const auto name = path_name(context);
  if (!name) return fail(name.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  const auto type = (*reader)->event_type(*name);
  if (!type) return fail(type.error());
  return json_response(200, context.api.views.event_type(*type));
}

HandlerResult patch_event_type(const RequestContext& context) {
  const auto name = path_name(context);
  if (!name) return fail(name.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto body = BodyReader::open(context.request);
  if (!body) return fail(std::move(body).error());
  // What is wrong with the body is known before the writer is bothered with it.
  EventType wanted;
  read_members(*body, wanted);
  if (auto checked = body->check(); !checked) return fail(std::move(checked).error());
  const auto changed =
      context.api.service.update_event_type(*name, [&](EventType type) -> Result<EventType> {
        if (body->has("description")) type.description = wanted.description;
        if (body->has("archived")) type.archived = wanted.archived;
        if (body->has("schema")) type.schema = wanted.schema;
        return type;
      });
  if (!changed) return fail(changed.error());
  return json_response(200, context.api.views.event_type(*changed));
}

HandlerResult delete_event_type(const RequestContext& context) {
  const auto name = path_name(context);
  if (!name) return fail(name.error());
  if (auto input = no_input(context); !input) return fail(std::move(input).error());
  if (const auto removed = context.api.service.remove_event_type(*name); !removed) {
    return fail(removed.error());
  }
  return no_content();
}

}  // namespace

void add_event_type_routes(Routes& routes) {
  routes.authenticated("POST", "/v1/event-types", post_event_type);
  routes.authenticated("GET", "/v1/event-types", list_event_types);
  routes.authenticated("GET", "/v1/event-types/{name}", get_event_type);
  routes.authenticated("PATCH", "/v1/event-types/{name}", patch_event_type);
  routes.authenticated("DELETE", "/v1/event-types/{name}", delete_event_type);
}

}  // namespace postrider::api
