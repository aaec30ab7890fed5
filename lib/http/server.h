// The HTTP server of the REST API and of the test receiver.
//
// httplib reads requests and writes responses; sockets, threads and limits are ours, because a
// thread per connection lets idle or slow clients take every thread. A connection that waits for
// its next request holds no thread: it is idle in an epoll set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "http/message.h"
#include "http/router.h"

namespace postrider::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;    ///< 0 = any free one
  std::size_t threads = 16;  ///< requests handled at once, besides streams and reserve
  /// Requests to `reserved_paths` handled at once although all other threads are busy.
  std::size_t reserve_threads = 2;
  std::vector<std::string> reserved_paths{};  ///< for example /healthz
  std::size_t streams_max = 16;               ///< streamed responses at once; more get 503
  std::size_t connections_max = 4096;         ///< more get 503 and are closed
  std::size_t queued_max = 1024;              ///< requests waiting for a thread; more get 503
  Millis queue_wait_max{5000};                ///< a request that waited longer gets 503
  std::size_t body_bytes_max = 1U << 20U;     ///< for routes that say nothing else; more gets 413
  Millis keep_alive{60'000};                  ///< an idle connection is closed after this
  Millis read_gap{10'000};                    ///< silence within a request that ends it
  Millis request_time{60'000};                ///< from a request's first byte to its last
  Millis write_time{10'000};  ///< a client that does not read for this long is dropped
  Millis stop_grace{5000};    ///< stop() then cuts the connections that are still busy
};

/// Thread-safe after start(); routes and hooks are set before it.
class Server {
 public:
  /// A response to what no handler sees: `status` is 400, 404, 405, 413, 431, 500 or 503.
  using ErrorHandler =
      std::function<Response(int status, std::string_view detail, const Request& request)>;
  /// Looks at a request before its body is read; a response ends it there.
  using RequestFilter = std::function<std::optional<Response>(const Request&)>;
  /// Returns the id of a request whose head has been read.
  using Identifier = std::function<std::string(const Request&)>;
  /// Sees every response before it is sent, and adds headers.
  using ResponseFilter = std::function<void(const Request&, Response&)>;
  /// Sees every response before it is sent: counts and logs. `duration`: since the head was read.
  using Observer = std::function<void(const Request&, const Response&, Millis duration)>;

  /// `clock` outlives the server.
  Server(ServerOptions options, const Clock& clock);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Handlers run on several threads at once. A handler that throws is a 500 of the error handler.
  /// `body_bytes_max` 0 = that of the options.
  void route(
      std::string_view method,
      std::string_view pattern,
      Handler handler,
      std::size_t body_bytes_max = 0
  );
  void set_error_handler(ErrorHandler handler);
  void set_request_filter(RequestFilter filter);
  /// Log lines that handling a request causes carry the id.
  void set_identifier(Identifier identifier);
  void set_response_filter(ResponseFilter filter);
  void set_observer(Observer observer);

  /// Binds and serves. Once only.
  [[nodiscard]] Status start();

  /// Closes the listener and idle connections, lets requests that have arrived finish, ends
  /// streams, joins all threads. Idempotent; bounded by stop_grace + the slowest handler.
  void stop();

  /// Valid after start().
  [[nodiscard]] std::uint16_t port() const;
  /// `http://127.0.0.1:8080`.
  [[nodiscard]] std::string url() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::http
