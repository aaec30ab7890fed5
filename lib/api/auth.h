// Who may do what.
#pragma once

#include <string_view>

#include "api/problem.h"
#include "service/service.h"

namespace postrider::api {

/// Whether a key of that scope may make this request.
///
/// `admin`: everything. `read`: every GET, but for endpoints' secrets. `emit`: POST of events.
/// `tenant`: nothing, until lists and rows are cut down to the one tenant.
[[nodiscard]] bool scope_allows(KeyScope scope, std::string_view method, std::string_view path);

/// The key behind `Authorization: Bearer …`; 401 or 403 when it may not make this request.
[[nodiscard]] Needed<ApiKey> authorize(const Service& service, const http::Request& request);

}  // namespace postrider::api
