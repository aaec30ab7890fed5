#include "api/auth.h"

#include <array>

#include <fmt/format.h>

#include "api/views.h"

namespace postrider::api {
namespace {

std::string_view bearer(const http::Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  std::string_view value = request.headers.get("Authorization");
  if (value.size() < kScheme.size()) return {};
  if (!http::equals_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return {};
  value.remove_prefix(kScheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

/// The scopes that allow the request, for people: "admin or read".
std::string scopes_that_allow(const http::Request& request) {
  constexpr std::array kScopes{KeyScope::kAdmin, KeyScope::kEmit, KeyScope::kRead};
  std::string names;
  for (const KeyScope scope : kScopes) {
    if (!scope_allows(scope, request.method, request.path)) continue;
    if (!names.empty()) names += " or ";
    names += to_string(scope);
  }
  return names;
}

}  // namespace

bool scope_allows(KeyScope scope, std::string_view method, std::string_view path) {
  switch (scope) {
    case KeyScope::kAdmin:
      return true;
    case KeyScope::kRead:
      // Who has a secret can sign: that is more than reading.
      return (method == "GET" || method == "HEAD") && !path.ends_with("/secret");
    case KeyScope::kEmit:
      return method == "POST" && (path == "/v1/events" || path == "/v1/events/batch");
    case KeyScope::kTenant:
      return false;
  }
  return false;
}

ApiResult<ApiKey> authorize(Service& service, const http::Request& request) {
  const std::string_view key = bearer(request);
  if (key.empty()) {
    return fail(problem(401, "Send an API key with the header authorization: Bearer pr_…"));
  }
  auto found = service.authenticate(key);
  if (!found) return fail(problem(401, "The API key is unknown, expired or deleted."));
  if (!scope_allows(found->scope, request.method, request.path)) {
    return fail(problem(
        403,
        fmt::format(
            "This request needs a key with scope {}; this key has scope {}.",
            scopes_that_allow(request),
            to_string(found->scope)
        )
    ));
  }
  return std::move(*found);
}

}  // namespace postrider::api
