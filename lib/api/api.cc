#include "api/api.h"

#include "api/auth.h"
#include "api/request_context.h"
#include "base/log.h"

namespace postrider::api {
namespace {

/// Whether requests below this path need a key, whatever the route.
bool needs_key(std::string_view path) {
  return path == "/v1" || path.starts_with("/v1/") || path == "/metrics";
}

/// Logs a request that the request filter rejected.
void log_refusal(const Problem& problem, const http::Request& request) {
  const std::string& client = request.remote_address;
  if (problem.status == 401) {
    const bool has_key = request.headers.find("Authorization").has_value();
    const std::string_view reason = has_key ? "unknown_key" : "no_key";
    log::warning("authentication failed", {{"client", client}, {"reason", reason}}, client);
  } else if (problem.status == 403) {
    log::warning(
        "request not allowed for the key",
        {{"client", client}, {"method", request.method}, {"route", request.route}},
        client
    );
  }
}

void log_request(const http::Request& request, const http::Response& answer, Millis duration) {
  log::debug(
      "request handled",
      {{"method", request.method},
       {"route", request.route},
       {"status", answer.status},
       {"duration_ms", duration},
       {"client", request.remote_address}}
  );
}

void finish(const http::Request& request, http::Response& answer) {
  if (!answer.headers.find("X-Request-Id")) {
    answer.headers.add("X-Request-Id", request_id(request));
  }
  answer.headers.set("X-Content-Type-Options", "nosniff");
  if (!answer.headers.find("Cache-Control")) answer.headers.add("Cache-Control", "no-store");
}

}  // namespace

Api::Api(Service& service, ApiOptions options)
    : api_(std::make_unique<ApiContext>(service, std::move(options))) {}

Api::~Api() = default;

void Api::add_routes(http::Server& server) {
  ApiContext& api = *api_;
  server.set_request_filter([&api](const http::Request& request) -> std::optional<http::Response> {
    if (!needs_key(request.path)) return std::nullopt;
    const auto key = authorize(api.service, request);
    if (key) return std::nullopt;
    log_refusal(key.error(), request);
    return to_response(key.error(), request);
  });
  server.set_error_handler([](int status, std::string_view detail, const http::Request& request) {
    return to_response(problem(status, std::string(detail)), request);
  });
  server.set_identifier(request_id);
  server.set_response_filter(finish);
  server.set_observer([&api](const auto& request, const auto& answer, Millis duration) {
    api.service.count_request(request.route, request.method, answer.status, duration);
    if (log::enabled(log::Level::kDebug)) log_request(request, answer, duration);
  });
  Routes routes(server, api, routes_);
  add_event_routes(routes);
  add_endpoint_routes(routes);
  add_endpoint_action_routes(routes);
  add_delivery_routes(routes);
  add_dead_letter_routes(routes);
  add_event_type_routes(routes);
  add_task_routes(routes);
  add_key_routes(routes);
  add_stats_routes(routes);
  add_stream_route(routes);
  add_health_routes(routes);
}

}  // namespace postrider::api
