// /v1/endpoints: what owners register and change.
#include <array>
#include <initializer_list>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/body.h"
#include "api/endpoint_programs.h"
#include "api/endpoint_signing.h"
#include "api/query.h"
#include "api/resources.h"
#include "base/limits.h"
#include "destinations/provider.h"

namespace postrider::api {
namespace {

constexpr std::string_view kStates = "active, paused, disabled";

/// The body as an object for the codec of endpoints.
Needed<nlohmann::json> endpoint_body(const http::Request& request) {
  if (auto type = require_json(request); !type) return refuse(std::move(type).error());
  auto raw = nlohmann::json::parse(request.body, nullptr, false);
  const auto checked = json::parse_raw(request.body, {.levels = 1});
  if (!checked) {
    return refuse(problem(400, "The body is no JSON: " + checked.error().context + "."));
  }
  if (raw.is_discarded()) return refuse(problem(400, "The body has a number that is too large."));
  if (!raw.is_object()) return refuse(invalid("", "must be an object"));
  FieldErrors errors;
  for (const auto& member : checked->values) {
    if (member.duplicate) errors.push_back({pointer_to("", member.key), "is given more than once"});
  }
  if (!errors.empty()) return refuse(invalid(std::move(errors)));
  return raw;
}

/// Members of answers that nobody sets.
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
    const Call& call,
    const EndpointConfig& config,
    const EndpointConfig* before,
    FieldErrors& errors
) {
  if (!errors.empty()) return {};
  destinations::check_destination(config, errors);
  return check_programs(call.api.service.programs(), config, before, errors);
}

Reply post_endpoint(const Call& call) {
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  const auto body = endpoint_body(call.request);
  if (!body) return refuse(body.error());
  const auto taken = with_read_only({"tenant", "state", "secret"});
  FieldErrors errors;
  check_read_only(*body, errors);
  Endpoint endpoint;
  read_identity(*body, endpoint, errors);
  endpoint.config = parse_endpoint_config(
      *body, call.api.options.check_url, call.api.options.endpoint_defaults, taken, errors
  );
  const auto* const secret = text_member(*body, "secret", errors);
  check_signature(endpoint.config, errors);
  add_first_secret(endpoint, secret, call.api.service.clock().wall_now(), errors);
  if (errors.empty()) check_headers(endpoint.config, endpoint.secrets.front().value, errors);
  if (auto asked = check_slowly(call, endpoint.config, nullptr, errors); !asked)
    return refuse(asked.error());
  if (!errors.empty()) return refuse(invalid(std::move(errors)));
  const auto added = call.api.service.add_endpoint(std::move(endpoint));
  if (!added) return refuse(added.error());
  auto answer = json_answer(201, call.api.views.endpoint_with_secret(*added));
  answer.headers.add("Location", "/v1/endpoints/" + call.api.ids().encode(added->id));
  return answer;
}

Reply list_endpoints(const Call& call) {
  QueryReader query(call.request);
  const PageParams page = query.page();
  EndpointFilter filter;
  filter.tenant = query.tenant();
  filter.state = query.choice("state", parse_endpoint_state, kStates);
  if (auto checked = query.check(); !checked) return refuse(std::move(checked).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  const auto found = (*reader)->endpoints(filter, page);
  if (!found) return refuse(list_problem(found.error()));
  std::vector<EndpointId> ids;
  for (const Endpoint& endpoint : found->rows) ids.push_back(endpoint.id);
  const auto health = (*reader)->endpoint_health(ids);
  if (!health) return refuse(health.error());
  auto next = health->begin();
  return page_reply(found, page, [&](const Endpoint& endpoint) {
    return call.api.views.endpoint_with_health(endpoint, *next++);
  });
}

Reply get_endpoint(const Call& call) {
  const auto id = path_endpoint(call);
  if (!id) return refuse(id.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  const auto endpoint = find_endpoint(call, *id);
  if (!endpoint) return refuse(endpoint.error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  const auto blocked_by =
      (*reader)->blocked_by(*id, call.api.service.clock().wall_now(), limits::kBlockedShownMax);
  if (!blocked_by) return refuse(blocked_by.error());
  const auto health = (*reader)->endpoint_health({&*id, 1});
  if (!health) return refuse(health.error());
  return json_answer(200, call.api.views.endpoint_details(*endpoint, health->front(), *blocked_by));
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

Reply patch_endpoint(const Call& call) {
  const auto id = path_endpoint(call);
  if (!id) return refuse(id.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  const auto body = endpoint_body(call.request);
  if (!body) return refuse(body.error());
  const auto taken = with_read_only({"id", "tenant", "state", "secret"});
  FieldErrors errors;
  check_read_only(*body, errors);
  const auto before = find_endpoint(call, *id);
  if (!before) return refuse(before.error());
  const auto merge = [&](const Endpoint& endpoint) {
    check_unchanged(*body, endpoint, call.api.ids(), errors);
    auto config = patch_endpoint_config(
        endpoint.config,
        *body,
        call.api.options.check_url,
        call.api.options.endpoint_defaults,
        taken,
        errors
    );
    check_signature(config, errors);
    return config;
  };
  const EndpointConfig planned = merge(*before);
  check_secrets(*before, planned.signature, errors);
  check_headers(planned, before->secrets.front().value, errors);
  if (auto asked = check_slowly(call, planned, &before->config, errors); !asked)
    return refuse(asked.error());
  if (!errors.empty()) return refuse(invalid(std::move(errors)));
  const auto changed = call.api.service.update_endpoint(
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
  if (!errors.empty()) return refuse(invalid(std::move(errors)));
  if (!changed) return refuse(changed.error());
  return json_answer(200, call.api.views.endpoint(*changed));
}

Reply delete_endpoint(const Call& call) {
  const auto id = path_endpoint(call);
  if (!id) return refuse(id.error());
  if (auto input = no_input(call); !input) return refuse(std::move(input).error());
  if (const auto removed = call.api.service.remove_endpoint(*id); !removed) {
    return refuse(removed.error());
  }
  return no_content();
}

}  // namespace

void mount_endpoints(Mount& mount) {
  mount.keyed("POST", "/v1/endpoints", post_endpoint);
  mount.keyed("GET", "/v1/endpoints", list_endpoints);
  mount.keyed("GET", "/v1/endpoints/{id}", get_endpoint);
  mount.keyed("PATCH", "/v1/endpoints/{id}", patch_endpoint);
  mount.keyed("DELETE", "/v1/endpoints/{id}", delete_endpoint);
}

}  // namespace postrider::api
