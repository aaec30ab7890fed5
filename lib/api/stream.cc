// /v1/stream: attempts as they are committed, as server-sent events.
#include <fmt/format.h>

#include "api/query.h"
#include "api/request_context.h"

namespace postrider::api {
namespace {

/// How long a wait for attempts keeps the thread from noticing that its client is gone.
constexpr Millis kLookEvery{500};

struct StreamFilter {
  std::string tenant;
  std::optional<EndpointId> endpoint;

  [[nodiscard]] bool admits(const RecordedAttempt& attempt) const {
    const Settlement& settlement = attempt.settlement;
    if (endpoint && settlement.endpoint != *endpoint) return false;
    return tenant.empty() || (settlement.event && settlement.event->tenant == tenant);
  }
};

/// Writes to one client until it goes away.
class AttemptStream {
 public:
  AttemptStream(ApiContext& api, StreamFilter filter)
      : api_(api), filter_(std::move(filter)), next_(api.service.attempt_feed().next_number()) {}

  void run(http::StreamWriter& out) {
    // A client that reconnects asks again after a second; it sees what happens from then on.
    if (!out.write("retry: 1000\n\n")) return;
    AttemptFeed& feed = api_.service.attempt_feed();
    last_write_ = api_.service.clock().mono_now();
    while (out.open() && !feed.closed()) {
      for (const auto& item : feed.wait_from(next_, kLookEvery)) {
        if (!write(out, item)) return;
      }
      if (!keep_alive(out)) return;
    }
  }

 private:
  [[nodiscard]] bool write(http::StreamWriter& out, const AttemptFeed::Item& item) {
    if (item.number > next_) {
      const auto gap =
          fmt::format("event: missed\ndata: {{\"count\":{}}}\n\n", item.number - next_);
      if (!send(out, gap)) return false;
    }
    next_ = item.number + 1;
    if (!filter_.admits(*item.attempt)) return true;
    const std::string view = api_.views.recorded_attempt(*item.attempt);
    return send(out, fmt::format("event: attempt\nid: {}\ndata: {}\n\n", item.number, view));
  }

  [[nodiscard]] bool keep_alive(http::StreamWriter& out) {
    const MonoTime now = api_.service.clock().mono_now();
    if (now - last_write_ < api_.options.stream_keep_alive) return true;
    return send(out, ": still here\n\n");
  }

  [[nodiscard]] bool send(http::StreamWriter& out, std::string_view bytes) {
    last_write_ = api_.service.clock().mono_now();
    return out.write(bytes);
  }

  ApiContext& api_;
  const StreamFilter filter_;
  std::uint64_t next_;
  MonoTime last_write_{};
};

HandlerResult get_stream(const RequestContext& context) {
  QueryReader query(context.request);
  StreamFilter filter;
  filter.tenant = query.tenant();
  filter.endpoint = query.id(
      "endpoint", [&](std::string_view id) { return context.api.ids().decode_endpoint(id); }, "ep_"
  );
  if (auto checked = query.check(); !checked) return fail(std::move(checked).error());
  http::Response answer;
  answer.content_type = "text/event-stream";
  // Proxies that collect answers would hold the events back.
  answer.headers.add("X-Accel-Buffering", "no");
  // The place in the feed is taken now, so that nothing is missed between the response's head and
  // the first wait. std::function wants what can be copied.
  AttemptStream stream(context.api, std::move(filter));
  answer.stream = [stream](http::StreamWriter& out) mutable { stream.run(out); };
  return answer;
}

}  // namespace

void add_stream_route(Routes& routes) { routes.authenticated("GET", "/v1/stream", get_stream); }

}  // namespace postrider::api
