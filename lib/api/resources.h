// What the handlers of all resources share. Private to lib/api.
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

/// Immutable but for the readers, which are lent. Thread-safe.
struct Resources {
  Resources(Service& served, ApiOptions chosen);

  Service& service;
  const ApiOptions options;
  const Views views;
  ReaderPool readers;

  [[nodiscard]] Needed<ReaderPool::Lease> reader();
  [[nodiscard]] const IdCodec& ids() const { return service.ids(); }
};

/// A request on its way through a handler.
struct Call {
  const http::Request& request;
  Resources& api;
  const ApiKey& key;  ///< who asks; a key of no rights on open routes
};
using Handler = std::function<Reply(const Call&)>;

/// Adds routes to a server.
class Mount {
 public:
  /// Server and resources outlive the handlers; `routes` gets what is added.
  Mount(http::Server& server, Resources& resources, std::vector<Api::Route>& routes)
      : server_(server), resources_(resources), routes_(routes) {}

  /// A route that needs a key. `body_bytes_max` 0: that of small bodies.
  void keyed(
      std::string_view method,
      std::string_view pattern,
      Handler handler,
      std::size_t body_bytes_max = 0
  );
  /// A GET route for everybody.
  void open(std::string_view pattern, Handler handler);

  [[nodiscard]] Resources& resources() { return resources_; }

 private:
  http::Server& server_;
  Resources& resources_;
  std::vector<Api::Route>& routes_;
};

/// Bodies of routes that say nothing else: the largest is an endpoint with 32 headers.
inline constexpr std::size_t kSmallBodyBytes = 256U << 10U;

void mount_events(Mount& mount);
void mount_endpoints(Mount& mount);
void mount_endpoint_actions(Mount& mount);
void mount_deliveries(Mount& mount);
void mount_dead_letters(Mount& mount);
void mount_event_types(Mount& mount);
void mount_tasks(Mount& mount);
void mount_keys(Mount& mount);
void mount_stats(Mount& mount);
void mount_stream(Mount& mount);
void mount_health(Mount& mount);

/// The id in the path; 404 when it is none. `what` names the thing in the detail.
[[nodiscard]] Problem no_such(std::string_view what);
[[nodiscard]] Needed<EventId> path_event(const Call& call);
[[nodiscard]] Needed<EndpointId> path_endpoint(const Call& call);
[[nodiscard]] Needed<DeliveryId> path_delivery(const Call& call);
[[nodiscard]] Needed<TaskId> path_task(const Call& call);
[[nodiscard]] Needed<KeyId> path_key(const Call& call);

/// 422 unless the query string is empty.
[[nodiscard]] Needed<void> no_query(const Call& call);
/// 422 unless query string and body say nothing.
[[nodiscard]] Needed<void> no_input(const Call& call);

/// An endpoint that is registered; 404 when it is not.
[[nodiscard]] Needed<Endpoint> find_endpoint(const Call& call, EndpointId id);

/// A committed delivery as it is now.
[[nodiscard]] Reply delivery_reply(const Call& call, int status, DeliveryId id);

}  // namespace postrider::api
