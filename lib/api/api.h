// The REST API: routes, authorization, problems. The contract is openapi.json.
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
  /// Checks whether a URL may be registered, with the parser of the transport.
  UrlCheck check_url = any_url();
  /// Settings of endpoints that have none of their own; responses show them.
  EndpointDefaults endpoint_defaults;
  /// The interval of comments that keep a live stream alive.
  Millis stream_keep_alive{15'000};
};

struct ApiContext;

/// Handles the requests of a server. Thread-safe; outlives the server.
class Api {
 public:
  /// `service` outlives it.
  Api(Service& service, ApiOptions options);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// Adds all routes and hooks to `server`, which must not have started.
  void add_routes(http::Server& server);

  struct Route {
    std::string method;
    std::string pattern;
  };
  /// The routes that add_routes() has added. A test compares them with the OpenAPI document.
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  // Shared by all handlers; a pointer keeps its parts out of this header.
  std::unique_ptr<ApiContext> api_;
  std::vector<Route> routes_;
};

/// The OpenAPI 3.1 document that GET /openapi.json returns.
[[nodiscard]] std::string_view openapi_json();

}  // namespace postrider::api
