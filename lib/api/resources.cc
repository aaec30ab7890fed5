#include "api/resources.h"

#include <fmt/format.h>

#include "api/auth.h"
#include "api/body.h"
#include "api/query.h"

namespace postrider::api {
namespace {

/// How often a request is handled that other nodes' changes come before.
constexpr int kYieldTries = 3;

template <class T>
Needed<T> in_path(Result<T> decoded, std::string_view what) {
  if (decoded) return *decoded;
  return refuse(no_such(what));
}

http::Answer settle(Reply reply, const http::Request& request) {
  return reply ? std::move(*reply) : to_answer(reply.error(), request);
}

}  // namespace

Resources::Resources(Service& served, ApiOptions chosen)
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

Needed<ReaderPool::Lease> Resources::reader() {
  auto lease = readers.borrow();
  if (!lease) return refuse(lease.error());
  return std::move(*lease);
}

void Mount::keyed(
    std::string_view method, std::string_view pattern, Handler handler, std::size_t body_bytes_max
) {
  routes_.push_back({std::string(method), std::string(pattern)});
  server_.route(
      method,
      pattern,
      [&resources = resources_, handler = std::move(handler)](const http::Request& request) {
        // The gate has looked already, before the body was read. This is the look that counts: it
        // cannot be left out for a path that the gate reads otherwise than the router.
        const auto key = authorize(resources.service, request);
        if (!key) return to_answer(key.error(), request);
        const Call call{request, resources, *key};
        Reply reply = handler(call);
        for (int tries = 1; !reply && reply.error().yielded && tries < kYieldTries; ++tries)
          reply = handler(call);
        return settle(std::move(reply), request);
      },
      body_bytes_max == 0 ? kSmallBodyBytes : body_bytes_max
  );
}

void Mount::open(std::string_view pattern, Handler handler) {
  routes_.push_back({"GET", std::string(pattern)});
  server_.route(
      "GET",
      pattern,
      [&resources = resources_, handler = std::move(handler)](const http::Request& request) {
        ApiKey nobody;
        nobody.scope = KeyScope::kTenant;
        return settle(handler(Call{request, resources, nobody}), request);
      },
      kSmallBodyBytes
  );
}

Problem no_such(std::string_view what) { return problem(404, fmt::format("No such {}.", what)); }

Needed<EventId> path_event(const Call& call) {
  return in_path(call.api.ids().decode_event(call.request.parameter("id")), "event");
}
Needed<EndpointId> path_endpoint(const Call& call) {
  return in_path(call.api.ids().decode_endpoint(call.request.parameter("id")), "endpoint");
}
Needed<DeliveryId> path_delivery(const Call& call) {
  return in_path(call.api.ids().decode_delivery(call.request.parameter("id")), "delivery");
}
Needed<TaskId> path_task(const Call& call) {
  return in_path(call.api.ids().decode_task(call.request.parameter("id")), "task");
}
Needed<KeyId> path_key(const Call& call) {
  return in_path(call.api.ids().decode_key(call.request.parameter("id")), "API key");
}

Needed<void> no_query(const Call& call) { return QueryReader(call.request).check(); }

Needed<void> no_input(const Call& call) {
  if (auto query = no_query(call); !query) return query;
  auto body = BodyReader::open(call.request);
  if (!body) return refuse(std::move(body).error());
  return body->check();
}

Needed<Endpoint> find_endpoint(const Call& call, EndpointId id) {
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  auto endpoint = (*reader)->endpoint(id);
  if (!endpoint) return refuse(endpoint.error());
  return std::move(*endpoint);
}

Reply delivery_reply(const Call& call, int status, DeliveryId id) {
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  const auto view = (*reader)->delivery(id);
  if (!view) return refuse(view.error());
  return json_answer(status, call.api.views.delivery(*view));
}

}  // namespace postrider::api
