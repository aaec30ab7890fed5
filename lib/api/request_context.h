// The context of all handlers, the routes, and ids in paths. Private to lib/api.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "api/api_reply.h"
#include "api/problem.h"
#include "api/reader_pool.h"
#include "api/views.h"

namespace postrider::api {

/// What every handler works with: one for the process. Thread-safe.
struct ApiContext {
  ApiContext(Service& served, ApiOptions chosen);

  Service& service;
  const ApiOptions options;
  const Views views;
  ReaderPool readers;

  /// Lends a reader of the store. 503 when none can be opened.
  [[nodiscard]] ApiResult<ReaderPool::Lease> reader();
  [[nodiscard]] const IdCodec& ids() const { return service.ids(); }
};

/// A request and what its handler needs to answer it.
struct RequestContext {
  const http::Request& request;
  ApiContext& api;
  const ApiKey& key;  ///< the caller's; a key without rights on public routes
};
using Handler = std::function<HandlerResult(const RequestContext&)>;

/// Adds routes to a server.
class Routes {
 public:
  /// `server` and `api` outlive the handlers. Each added route is appended to `added`.
  Routes(http::Server& server, ApiContext& api, std::vector<Api::Route>& added)
      : server_(server), api_(api), added_(added) {}

  /// A route that needs an API key. `body_bytes_max` 0: kSmallBodyBytes.
  void authenticated(
      std::string_view method,
      std::string_view pattern,
      Handler handler,
      std::size_t body_bytes_max = 0
  );
  /// A GET route that needs no API key.
  void public_get(std::string_view pattern, Handler handler);

  [[nodiscard]] ApiContext& api() { return api_; }

 private:
  http::Server& server_;
  ApiContext& api_;
  std::vector<Api::Route>& added_;
};

/// The limit of request bodies on routes that set none: the largest is an endpoint with 32 headers.
inline constexpr std::size_t kSmallBodyBytes = 256U << 10U;

void add_event_routes(Routes& routes);
void add_endpoint_routes(Routes& routes);
void add_endpoint_action_routes(Routes& routes);
void add_delivery_routes(Routes& routes);
void add_dead_letter_routes(Routes& routes);
void add_event_type_routes(Routes& routes);
void add_task_routes(Routes& routes);
void add_key_routes(Routes& routes);
void add_stats_routes(Routes& routes);
void add_stream_route(Routes& routes);
void add_health_routes(Routes& routes);

/// The 404 for a missing `what`, such as "delivery".
[[nodiscard]] Problem no_such(std::string_view what);

// The id in the path. 404 when it is not a valid id.

[[nodiscard]] ApiResult<EventId> path_event(const RequestContext& context);
[[nodiscard]] ApiResult<EndpointId> path_endpoint(const RequestContext& context);
[[nodiscard]] ApiResult<DeliveryId> path_delivery(const RequestContext& context);
[[nodiscard]] ApiResult<TaskId> path_task(const RequestContext& context);
[[nodiscard]] ApiResult<KeyId> path_key(const RequestContext& context);

/// 422 if the request has query parameters.
[[nodiscard]] ApiResult<void> no_query(const RequestContext& context);
/// 422 if the request has query parameters or a body with members.
[[nodiscard]] ApiResult<void> no_input(const RequestContext& context);

/// The endpoint as stored. 404 when it is not registered.
[[nodiscard]] ApiResult<Endpoint> find_endpoint(const RequestContext& context, EndpointId id);

/// The response with the delivery as stored.
[[nodiscard]] HandlerResult delivery_reply(
    const RequestContext& context, int status, DeliveryId id
);

}  // namespace postrider::api
