// /v1/api-keys
#include "api/body.h"
#include "api/query.h"
#include "api/resources.h"

namespace postrider::api {
namespace {

constexpr std::size_t kNameLengthMax = 128;

Reply post_key(const Call& call) {
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto body = BodyReader::open(call.request);
  if (!body) return refuse(std::move(body).error());
  ApiKey key;
  body->required("name");
  const auto name = body->text("name", kNameLengthMax);
  if (name && name->empty()) body->wrong("name", "must not be empty");
  key.name = name.value_or("");
  body->required("scope");
  const auto scope = body->choice("scope", parse_key_scope, "admin, emit, read");
  key.scope = scope.value_or(KeyScope::kRead);
  key.expires_at = body->instant("expires_at");
  if (key.expires_at && *key.expires_at <= call.api.service.clock().wall_now()) {
    body->wrong("expires_at", "must be in the future");
  }
  if (auto checked = body->check(); !checked) return refuse(std::move(checked).error());
  const std::string secret = generate_api_key();
  key.sha256 = hash_api_key(secret);
  const auto added = call.api.service.add_api_key(std::move(key));
  if (!added) return refuse(added.error());
  return json_answer(201, call.api.views.api_key_with_secret(*added, secret));
}

Reply list_keys(const Call& call) {
  QueryReader query(call.request);
  const PageParams page = query.page();
  if (auto checked = query.check(); !checked) return refuse(std::move(checked).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  return page_reply((*reader)->api_keys(page), [&](ApiKey key) {
    key.last_used_at = call.api.service.last_use(key);
    return call.api.views.api_key(key);
  });
}

Reply delete_key(const Call& call) {
  const auto id = path_key(call);
  if (!id) return refuse(id.error());
  if (auto input = no_input(call); !input) return refuse(std::move(input).error());
  if (const auto removed = call.api.service.remove_api_key(*id); !removed) {
    return refuse(removed.error());
  }
  return no_content();
}

}  // namespace

void mount_keys(Mount& mount) {
  mount.keyed("POST", "/v1/api-keys", post_key);
  mount.keyed("GET", "/v1/api-keys", list_keys);
  mount.keyed("DELETE", "/v1/api-keys/{id}", delete_key);
}

}  // namespace postrider::api
