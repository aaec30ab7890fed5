// Authentication and authorization of requests.
#pragma once

#include <string_view>

#include "api/problem.h"
#include "service/service.h"

namespace postrider::api {

/// Whether a key with `scope` may make this request.
///
/// `admin`: everything. `read`: every GET except the secrets of endpoints. `emit`: POST of events.
/// `tenant`: nothing. No such key can be created, but a database may hold one.
[[nodiscard]] bool scope_allows(KeyScope scope, std::string_view method, std::string_view path);

/// Returns the key of `Authorization: Bearer …`. 401 if it is missing or unknown; 403, with the
/// scopes that are needed, if its scope does not allow this request.
[[nodiscard]] ApiResult<ApiKey> authorize(Service& service, const http::Request& request);

}  // namespace postrider::api
