// /v1/endpoints: what owners register and change.
#include <array>
#include <initializer_list>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/body.h"
#include "api/endpoint_programs.h"
#include "api/endpoint_signing.h"
#include "api/query.h"
#include "api/request_context.h"
#include "base/limits.h"
#include "destinations/provider.h"

namespace postrider::api {
namespace {

constexpr std::string_view kStates = "active, paused, disabled";

/// The body as an object for the codec of endpoints.
ApiResult<nlohmann::json> endpoint_body(const http::Request& request) {
  if (auto type = require_json(request); !type) return fail(std::move(type).error());
  auto raw = nlohmann::json::parse(request.body, nullptr, false);
  const auto checked = json::parse_raw(request.body, {.levels = 1});
  if (!checked) {
    return fail(problem(400, "The request body is not valid JSON: " + checked.error().context + ".")
    );
  }
  if (raw.is_discarded()) return fail(problem(400, "The body has a number that is too large."));
  if (!raw.is_object()) return fail(invalid("", "must be an object"));
  FieldErrors errors;
  for (const auto& member : checked->values) {
    if (member.duplicate) errors.push_back({pointer_to("", member.key), "is given more than once"});
  }
  if (!errors.empty()) return fail(invalid(std::move(errors)));
  return raw;
}

/// Members of responses that nobody sets.
constexpr std::array<std::string_view, 8> kReadOnly = {
    "state_reason",
    "state_changed_at",
    "created_at",
    "updated_at",
    "circuit",
    "health",
    "blocked_by",
    "public_key"};

/// The members that are not the config's: some of the request's own, and what nobody sets.
std::vector<std::string_view> with_read_only(std::initializer_list<std::string_view> own) {
  std::vector<std::string_view> members{own};
  members.insert(members.end(), kReadOnly.begin(), kReadOnly.end());
  return members;
}

void check_read_only(const nlohmann::json& object, FieldErrors& errors) {
  for (const auto name : kReadOnly) {
    if (object.contains(name)) errors.push_back({pointer_to("", name), "cannot be set"});
  }
}

const std::string* text_member(
    const nlohmann::json& object, const char* name, FieldErrors& errors
) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return nullptr;
  const auto* text = found->get_ptr<const std::string*>();
  if (text == nullptr) errors.push_back({pointer_to("", name), "must be a string"});
  return text;
}

/// The members besides its config that a new endpoint may be given.
void read_identity(const nlohmann::json& object, Endpoint& endpoint, FieldErrors& errors) {
  if (const auto* tenant = text_member(object, "tenant", errors)) {
    check_tenant(*tenant, "/tenant", errors);
    endpoint.tenant = *tenant;
  }
  if (const auto* state = text_member(object, "state", errors)) {
    const auto parsed = parse_endpoint_state(*state);
    if (!parsed || *parsed == EndpointState::kDisabled) {
      errors.push_back({"/state", "must be active or paused"});
    } else {
      endpoint.state = *parsed;
    }
  }
}

/// What takes too long for the writer's thread, unless `errors` has something already.
Status check_slowly(
    const RequestContext& context,
    const EndpointConfig& config,
    const EndpointConfig* before,
    FieldErrors& errors
) {
  if (!errors.empty()) return {};
  destinations::check_destination(config, errors);
  return check_programs(context.api.service.programs(), config, before, errors);
}

HandlerResult post_endpoint(const RequestContext& context) {
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  const auto body = endpoint_body(context.request);
  if (!body) return fail(body.error());
  const auto taken = with_read_only({"tenant", "state", "secret"});
  FieldErrors errors;
  check_read_only(*body, errors);
  Endpoint endpoint;
  read_identity(*body, endpoint, errors);
  endpoint.config = parse_endpoint_config(
      *body, context.api.options.check_url, context.api.options.endpoint_defaults, taken, errors
  );
  const auto* const secret = text_member(*body, "secret", errors);
  check_signature(endpoint.config, errors);
  add_first_secret(endpoint, secret, context.api.service.clock().wall_now(), errors);
  if (errors.empty()) check_headers(endpoint.config, endpoint.secrets.front().value, errors);
  if (auto asked = check_slowly(context, endpoint.config, nullptr, errors); !asked)
    return fail(asked.error());
  if (!errors.empty()) return fail(invalid(std::move(errors)));
  const auto added = context.api.service.add_endpoint(std::move(endpoint));
  if (!added) return fail(added.error());
  auto answer = json_response(201, context.api.views.endpoint_with_secret(*added));
  answer.headers.add("Location", "/v1/endpoints/" + context.api.ids().encode(added->id));
  return answer;
}

HandlerResult list_endpoints(const RequestContext& context) {
  QueryReader query(context.request);
  const PageParams page = query.page();
  EndpointFilter filter;
  filter.tenant = query.tenant();
  filter.state = query.choice("state", parse_endpoint_state, kStates);
  if (auto checked = query.check(); !checked) return fail(std::move(checked).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  const auto found = (*reader)->endpoints(filter, page);
  if (!found) return fail(list_problem(found.error()));
  std::vector<EndpointId> ids;
  for (const Endpoint& endpoint : found->rows) ids.push_back(endpoint.id);
  const auto health = (*reader)->endpoint_health(ids);
  if (!health) return fail(health.error());
  auto next = health->begin();
  return page_reply(found, page, [&](const Endpoint& endpoint) {
    return context.api.views.endpoint_with_health(endpoint, *next++);
  });
}

HandlerResult get_endpoint(const RequestContext& context) {
  const auto id = path_endpoint(context);
  if (!id) return fail(id.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  const auto endpoint = find_endpoint(context, *id);
  if (!endpoint) return fail(endpoint.error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  const auto blocked_by =
      (*reader)->blocked_by(*id, context.api.service.clock().wall_now(), limits::kBlockedShownMax);
  if (!blocked_by) return fail(blocked_by.error());
  const auto health = (*reader)->endpoint_health({&*id, 1});
  if (!health) return fail(health.error());
  return json_response(
      200, context.api.views.endpoint_details(*endpoint, health->front(), *blocked_by)
  );
}

/// What a PATCH may name but not change: the same value is no change.
void check_unchanged(
    const nlohmann::json& patch, const Endpoint& endpoint, const IdCodec& ids, FieldErrors& errors
) {
  const auto keep = [&](const char* name, std::string_view value, std::string_view how) {
    const auto found = patch.find(name);
    if (found == patch.end()) return;
    const auto* text = found->get_ptr<const std::string*>();
    if (text == nullptr || *text != value)
      errors.push_back({pointer_to("", name), std::string(how)});
  };
  keep("id", ids.encode(endpoint.id), "cannot change");
  keep("tenant", endpoint.tenant, "cannot change");
  keep("state", to_string(endpoint.state), "changes by POST …/pause, …/resume or …/disable");
  if (patch.contains("secret")) {
    errors.push_back({"/secret", "changes by POST …/secret/rotate"});
  }
}

/// Whether what took too long to check on the writer's thread was checked of the plan.
bool is_checked(const EndpointConfig& config, const EndpointConfig& planned) {
  return config.signature.scheme == planned.signature.scheme && config.url == planned.url &&
         config.headers == planned.headers && config.destination == planned.destination &&
         config.filter == planned.filter && config.transform == planned.transform;
}

HandlerResult patch_endpoint(const RequestContext& context) {
  const auto id = path_endpoint(context);
  if (!id) return fail(id.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  const auto body = endpoint_body(context.request);
  if (!body) return fail(body.error());
  const auto taken = with_read_only({"id", "tenant", "state", "secret"});
  FieldErrors errors;
  check_read_only(*body, errors);
  const auto before = find_endpoint(context, *id);
  if (!before) return fail(before.error());
  const auto merge = [&](const Endpoint& endpoint) {
    check_unchanged(*body, endpoint, context.api.ids(), errors);
    auto config = patch_endpoint_config(
        endpoint.config,
        *body,
        context.api.options.check_url,
        context.api.options.endpoint_defaults,
        taken,
        errors
    );
    check_signature(config, errors);
    return config;
  };
  const EndpointConfig planned = merge(*before);
  check_secrets(*before, planned.signature, errors);
  check_headers(planned, before->secrets.front().value, errors);
  if (auto asked = check_slowly(context, planned, &before->config, errors); !asked)
    return fail(asked.error());
  if (!errors.empty()) return fail(invalid(std::move(errors)));
  const auto changed = context.api.service.update_endpoint(
      *id,
      [&](const Endpoint& endpoint) -> Result<EndpointConfig> {
        auto config = merge(endpoint);
        if (!errors.empty()) return fail(Errc::kInvalidArgument, "members of the body are wrong");
        if (!is_checked(config, planned) ||
            (config.signature.scheme != endpoint.config.signature.scheme &&
             endpoint.secrets != before->secrets))
          return fail(Errc::kConflict, "the endpoint was changed at the same time; try again");
        return config;
      }
  );
  if (!errors.empty()) return fail(invalid(std::move(errors)));
  if (!changed) return fail(changed.error());
  return json_response(200, context.api.views.endpoint(*changed));
}

HandlerResult delete_endpoint(const RequestContext& context) {
  const auto id = path_endpoint(context);
  if (!id) return fail(id.error());
  if (auto input = no_input(context); !input) return fail(std::move(input).error());
  if (const auto removed = context.api.service.remove_endpoint(*id); !removed) {
    return fail(removed.error());
  }
  return no_content();
}

}  // namespace

void add_endpoint_routes(Routes& routes) {
  routes.authenticated("POST", "/v1/endpoints", post_endpoint);
  routes.authenticated("GET", "/v1/endpoints", list_endpoints);
  routes.authenticated("GET", "/v1/endpoints/{id}", get_endpoint);
  routes.authenticated("PATCH", "/v1/endpoints/{id}", patch_endpoint);
  routes.authenticated("DELETE", "/v1/endpoints/{id}", delete_endpoint);
}

}  // namespace postrider::api
