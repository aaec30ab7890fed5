#include "api/auth.h"

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

Needed<ApiKey> authorize(const Service& service, const http::Request& request) {
  const std::string_view key = bearer(request);
  if (key.empty()) {
    return refuse(problem(401, "Send an API key with the header authorization: Bearer pr_…"));
  }
  auto found = service.authenticate(key);
  if (!found) return refuse(problem(401, "The API key is unknown, expired or deleted."));
  if (!scope_allows(found->scope, request.method, request.path)) {
    return refuse(problem(403, "The API key's scope does not allow this request."));
  }
  return std::move(*found);
}

}  // namespace postrider::api
