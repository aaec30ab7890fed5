// /v1/api-keys
#include "api/body.h"
#include "api/query.h"
#include "api/request_context.h"

namespace postrider::api {
namespace {

constexpr std::size_t kNameLengthMax = 128;

HandlerResult post_key(const RequestContext& context) {
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto body = BodyReader::open(context.request);
  if (!body) return fail(std::move(body).error());
  ApiKey key;
  body->required("name");
  const auto name = body->text("name", kNameLengthMax);
  if (name && name->empty()) body->wrong("name", "must not be empty");
  key.name = name.value_or("");
  body->required("scope");
  const auto scope = body->choice("scope", parse_key_scope, "admin, emit, read");
  key.scope = scope.value_or(KeyScope::kRead);
  key.expires_at = body->instant("expires_at");
  if (key.expires_at && *key.expires_at <= context.api.service.clock().wall_now()) {
    body->wrong("expires_at", "must be in the future");
  }
  if (auto checked = body->check(); !checked) return fail(std::move(checked).error());
  const std::string secret = generate_api_key();
  key.sha256 = hash_api_key(secret);
  const auto added = context.api.service.add_api_key(std::move(key));
  if (!added) return fail(added.error());
  return json_response(201, context.api.views.api_key_with_secret(*added, secret));
}

HandlerResult list_keys(const RequestContext& context) {
  QueryReader query(context.request);
  const PageParams page = query.page();
  if (auto checked = query.check(); !checked) return fail(std::move(checked).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  return page_reply((*reader)->api_keys(page), [&](ApiKey key) {
    key.last_used_at = context.api.service.last_use(key);
    return context.api.views.api_key(key);
  });
}

HandlerResult delete_key(const RequestContext& context) {
  const auto id = path_key(context);
  if (!id) return fail(id.error());
  if (auto input = no_input(context); !input) return fail(std::move(input).error());
  if (const auto removed = context.api.service.remove_api_key(*id); !removed) {
    return fail(removed.error());
  }
  return no_content();
}

}  // namespace

void add_key_routes(Routes& routes) {
  routes.authenticated("POST", "/v1/api-keys", post_key);
  routes.authenticated("GET", "/v1/api-keys", list_keys);
  routes.authenticated("DELETE", "/v1/api-keys/{id}", delete_key);
}

}  // namespace postrider::api
