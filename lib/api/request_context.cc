#include "api/request_context.h"

#include <fmt/format.h>

#include "api/auth.h"
#include "api/body.h"
#include "api/query.h"

namespace postrider::api {
namespace {

/// How often a request is handled that other nodes' changes come before.
constexpr int kYieldTries = 3;

template <class T>
ApiResult<T> in_path(Result<T> decoded, std::string_view what) {
  if (decoded) return *decoded;
  return fail(no_such(what));
}

http::Response settle(HandlerResult reply, const http::Request& request) {
  return reply ? std::move(*reply) : to_response(reply.error(), request);
}

}  // namespace

ApiContext::ApiContext(Service& served, ApiOptions chosen)
    : service(served),
      options(std::move(chosen)),
      views(
          served.ids(),
          options.endpoint_defaults,
          served.clock(),
          [&served](EndpointId id, const Backpressure& stored) {
            return served.backpressure(id, stored);
          }
      ),
      readers([&served] { return served.open_reader(); }) {}

ApiResult<ReaderPool::Lease> ApiContext::reader() {
  auto lease = readers.borrow();
  if (!lease) return fail(lease.error());
  return std::move(*lease);
}

void Routes::authenticated(
    std::string_view method, std::string_view pattern, Handler handler, std::size_t body_bytes_max
) {
  added_.push_back({std::string(method), std::string(pattern)});
  server_.route(
      method,
      pattern,
      [&api = api_, handler = std::move(handler)](const http::Request& request) {
        // The request filter has checked the key before the body was read. This check is the one
        // that counts: a path that filter and router read differently cannot get past it.
        const auto key = authorize(api.service, request);
        if (!key) return to_response(key.error(), request);
        const RequestContext context{request, api, *key};
        HandlerResult reply = handler(context);
        for (int tries = 1; !reply && reply.error().yielded && tries < kYieldTries; ++tries)
          reply = handler(context);
        return settle(std::move(reply), request);
      },
      body_bytes_max == 0 ? kSmallBodyBytes : body_bytes_max
  );
}

void Routes::public_get(std::string_view pattern, Handler handler) {
  added_.push_back({"GET", std::string(pattern)});
  server_.route(
      "GET",
      pattern,
      [&api = api_, handler = std::move(handler)](const http::Request& request) {
        ApiKey nobody;
        nobody.scope = KeyScope::kTenant;
        return settle(handler(RequestContext{request, api, nobody}), request);
      },
      kSmallBodyBytes
  );
}

Problem no_such(std::string_view what) { return problem(404, fmt::format("No such {}.", what)); }

ApiResult<EventId> path_event(const RequestContext& context) {
  return in_path(context.api.ids().decode_event(context.request.parameter("id")), "event");
}
ApiResult<EndpointId> path_endpoint(const RequestContext& context) {
  return in_path(context.api.ids().decode_endpoint(context.request.parameter("id")), "endpoint");
}
ApiResult<DeliveryId> path_delivery(const RequestContext& context) {
  return in_path(context.api.ids().decode_delivery(context.request.parameter("id")), "delivery");
}
ApiResult<TaskId> path_task(const RequestContext& context) {
  return in_path(context.api.ids().decode_task(context.request.parameter("id")), "task");
}
ApiResult<KeyId> path_key(const RequestContext& context) {
  return in_path(context.api.ids().decode_key(context.request.parameter("id")), "API key");
}

ApiResult<void> no_query(const RequestContext& context) {
  return QueryReader(context.request).check();
}

ApiResult<void> no_input(const RequestContext& context) {
  if (auto query = no_query(context); !query) return query;
  auto body = BodyReader::open(context.request);
  if (!body) return fail(std::move(body).error());
  return body->check();
}

ApiResult<Endpoint> find_endpoint(const RequestContext& context, EndpointId id) {
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  auto endpoint = (*reader)->endpoint(id);
  if (!endpoint) return fail(endpoint.error());
  return std::move(*endpoint);
}

HandlerResult delivery_reply(const RequestContext& context, int status, DeliveryId id) {
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  const auto view = (*reader)->delivery(id);
  if (!view) return fail(view.error());
  return json_response(status, context.api.views.delivery(*view));
}

}  // namespace postrider::api
