// The REST API: routes, keys, problems. The contract is openapi.json.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/endpoint_json.h"
#include "http/server.h"
#include "service/service.h"

namespace postrider::api {

struct ApiOptions {
  /// Says whether a URL may be registered; the transport's own check.
  UrlCheck check_url = any_url();
  /// What applies to endpoints that say nothing of it: shown in answers.
  EndpointDefaults endpoint_defaults;
  /// A live stream says that it is still there this often.
  Millis stream_keep_alive{15'000};
};

struct ApiContext;

/// Answers requests with a service. Thread-safe; outlives the server that it is mounted on.
class Api {
 public:
  /// `service` outlives it.
  Api(Service& service, ApiOptions options);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// Adds every route and the hooks of `server`, which has not started yet.
  void add_routes(http::Server& server);

  struct Route {
    std::string method;
    std::string pattern;
  };
  /// What add_routes() has added: what the OpenAPI document is held against.
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  // Shared by all handlers; a pointer keeps its parts out of this header.
  std::unique_ptr<ApiContext> api_;
  std::vector<Route> routes_;
};

/// The OpenAPI 3.1 document, as GET /openapi.json answers it.
[[nodiscard]] std::string_view openapi_json();

}  // namespace postrider::api
