#include "http/server.h"

#include <algorithm>
#include <array>
#include <thread>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "http/connection_table.h"
#include "http/exchange.h"
#include "http/request_head.h"
#include "http/socket.h"
#include "http/socket_stream.h"

namespace postrider::http {
namespace {

/// How long a thread waits for the next request of its connection when nobody else waits: a client
/// that posts in a loop then never goes through the epoll set.
constexpr Millis kLinger{5};
constexpr Millis kSweepEvery{200};
/// A body of a refused request up to here is read and dropped, so that the connection stays usable.
constexpr std::size_t kDiscardBytesMax = 64U << 10U;
constexpr std::size_t kHeadBytesMax = 64U << 10U;
/// Requests on reserve threads are small and expected to be there at once.
constexpr Millis kReservedRequestTime{2000};

constexpr std::uint64_t kListenerMark = ~std::uint64_t{0};
constexpr std::uint64_t kWakeMark = kListenerMark - 1;

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, const Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        shared_connections_(std::make_shared<ConnectionTable>(options_, clock)),
        connections_(*shared_connections_) {
    const auto without_body = [this](const httplib::Request& raw, httplib::Response& answer) {
      handle(raw, answer, nullptr);
    };
    const auto with_body = [this](
                               const httplib::Request& raw,
                               httplib::Response& answer,
                               const httplib::ContentReader& reader
                           ) { handle(raw, answer, &reader); };
    codec_.Get("/", without_body);
    codec_.Post("/", with_body);
    codec_.set_post_routing_handler([this](const httplib::Request&, httplib::Response& answer) {
      tell_keep_alive(answer);
    });
  }

  Status start();
  void stop();

 private:
  friend class Server;

  // Polling thread.
  void poll_loop() noexcept;
  void accept_all();
  void on_readable(std::uint64_t id);
  void refuse(const Fd& fd) const;
  [[nodiscard]] bool is_reserved(std::string_view head) const;
  void watch(int fd, std::uint64_t mark, std::uint32_t events, int operation) const;

  // Serving threads.
  void serve_loop() noexcept;
  /// What becomes of a connection after a request.
  enum class Next { kClose, kKeep, kWait };
  void serve(Connection& connection);
  [[nodiscard]] Next serve_one(Connection& connection);
  void defer(Exchange& exchange, bool close);
  [[nodiscard]] Next send_deferred(Connection& connection);
  void handle(
      const httplib::Request& raw, httplib::Response& answer, const httplib::ContentReader* reader
  );
  [[nodiscard]] std::chrono::seconds keep_alive() const;
  void tell_keep_alive(httplib::Response& answer) const;
  [[nodiscard]] Response respond(Exchange& exchange, const httplib::ContentReader* reader);
  /// What `make` returns; 500 when it throws: `close` is then set.
  template <class Make>
  [[nodiscard]] Response respond_noexcept(const Request& request, bool& close, const Make& make)
      const noexcept;
  [[nodiscard]] int read_body(
      Exchange& exchange, const httplib::ContentReader* reader, std::size_t bytes_max
  ) const;
  void discard_body(Exchange& exchange, const httplib::ContentReader* reader) const;
  void put_stream(Exchange& exchange, Response answer, httplib::Response& raw);
  [[nodiscard]] Response busy(std::string_view detail, const Request& request) const;

  /// Runs the hooks for a response that is about to be sent.
  void finish(const Request& request, Response& answer, MonoTime begun) const;

  const ServerOptions options_;
  const Clock& clock_;
  Router router_;
  ErrorHandler error_handler_ = plain_error;
  Identifier identifier_;
  RequestFilter request_filter_;
  ResponseFilter response_filter_;
  Observer observer_;
  std::uint16_t port_ = 0;
  Codec codec_;
  /// Shared with the work that answers come from: it may end after the server.
  const std::shared_ptr<ConnectionTable> shared_connections_;
  ConnectionTable& connections_;
  Fd wake_;
  Listener listener_;
  bool accepting_ = true;  ///< owned by the polling thread
  std::jthread poller_;
  std::vector<std::jthread> servers_;
  bool started_ = false;
};

// --- Polling -----------------------------------------------------------------------------------

void Server::Impl::watch(int fd, std::uint64_t mark, std::uint32_t events, int operation) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = mark;
  static_cast<void>(::epoll_ctl(connections_.epoll(), operation, fd, &event));
}

void Server::Impl::accept_all() {
  for (;;) {
    auto accepted = accept_from(listener_.fd.get());
    if (!accepted) {
      // The connection stays in the backlog; without a pause the loop would spin on it.
      watch(listener_.fd.get(), kListenerMark, 0, EPOLL_CTL_MOD);
      accepting_ = false;
      log::error("cannot accept connections: no file descriptor left");
      return;
    }
    if (!accepted->fd) return;
    const StreamLimits limits{
        .read_gap = options_.read_gap,
        .request = options_.request_time,
        .write = options_.write_time,
        .head_bytes = kHeadBytesMax};
    if (!connections_.add(*accepted, limits)) refuse(accepted->fd);
  }
}

/// Each refusal is a response of its own: it has an id that somebody may ask for.
void Server::Impl::refuse(const Fd& fd) const {
  Request unread;
  if (identifier_) unread.id = identifier_(unread);
  const log::RequestScope scope(unread.id);
  Response answer = busy("All request threads are busy.", unread);
  finish(unread, answer, clock_.mono_now());
  send_and_finish(fd.get(), serialized(answer, {}));
}

bool Server::Impl::is_reserved(std::string_view head) const {
  const std::size_t space = head.find(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view target = head.substr(space + 1);
  return std::any_of(
      options_.reserved_paths.begin(),
      options_.reserved_paths.end(),
      [&](const std::string& path) {
        return target.starts_with(path) && target.size() > path.size() &&
               (target[path.size()] == ' ' || target[path.size()] == '?');
      }
  );
}

void Server::Impl::on_readable(std::uint64_t id) {
  const std::string head = connections_.peek_idle(id);
  if (head.empty()) return connections_.close_idle(id);
  if (const auto refused = connections_.enqueue(id, is_reserved(head))) refuse(refused->fd);
}

void Server::Impl::poll_loop() noexcept {
  std::array<epoll_event, 256> events{};
  while (!connections_.stopping()) {
    const int count = ::epoll_wait(
        connections_.epoll(), events.data(), events.size(), static_cast<int>(kSweepEvery.count())
    );
    for (int i = 0; i < count; ++i) {
      const std::uint64_t mark = events[static_cast<std::size_t>(i)].data.u64;
      if (mark == kListenerMark) {
        accept_all();
      } else if (mark != kWakeMark) {
        on_readable(mark);
      }
    }
    for (const auto& overdue : connections_.sweep()) refuse(overdue->fd);
    if (!accepting_) {
      accepting_ = true;
      watch(listener_.fd.get(), kListenerMark, EPOLLIN, EPOLL_CTL_MOD);
    }
  }
}

// --- Serving -----------------------------------------------------------------------------------

void Server::Impl::serve_loop() noexcept {
  while (Connection* connection = connections_.take()) serve(*connection);
}

void Server::Impl::serve(Connection& connection) {
  for (;;) {
    const bool reserved = connection.reserved;
    const Next next = connection.deferred ? send_deferred(connection) : serve_one(connection);
    if (next == Next::kWait) return;  // it may be another thread's already
    if (next == Next::kClose) return connections_.close(connection);
    const bool must_yield = reserved || connections_.others_wait();
    if (connection.stream.has_buffered()) {
      if (must_yield) return connections_.requeue(connection);
    } else if (must_yield || !connection.stream.wait_readable(kLinger)) {
      return connections_.set_idle(connection);
    }
  }
}

Server::Impl::Next Server::Impl::serve_one(Connection& connection) {
  SocketStream& stream = connection.stream;
  Exchange exchange{.connection = connection};
  stream.begin_request();
  if (connection.reserved) stream.limit_request(kReservedRequestTime);
  if (!read_head(exchange, kHeadBytesMax)) return Next::kClose;
  stream.prepend(framing_of(exchange));
  bool closed = false;
  const bool done =
      codec_.process_request(stream, connections_.stopping(), closed, [&](httplib::Request& raw) {
        exchange.raw = &raw;
        raw.progress = ExchangeHandle{&exchange};
      });
  if (exchange.deferred && done) {
    // The empty response of httplib is not the one that is sent.
    stream.discard_output();
    defer(exchange, closed);
    return Next::kWait;
  }
  const bool flushed = stream.flush();
  if (exchange.streaming) connections_.end_stream();
  if (!done || !flushed || exchange.streaming) return Next::kClose;
  if (exchange.close) {
    stream.drain();
    return Next::kClose;
  }
  return closed || exchange.head.close || connections_.stopping() ? Next::kClose : Next::kKeep;
}

void Server::Impl::defer(Exchange& exchange, bool close) {
  auto waiting = std::make_unique<DeferredRequest>();
  waiting->request = std::move(exchange.head.request);
  waiting->request.body = {};
  waiting->begun = exchange.begun;
  waiting->close = close || exchange.close || exchange.head.close;
  const std::uint64_t id = exchange.connection.id;
  connections_.defer(exchange.connection, std::move(waiting));
  // The connection waits before the work begins, so that the response finds it.
  exchange.deferred([connections = std::weak_ptr(shared_connections_),
                     id](DeferredResponse answer) {
    if (const auto alive = connections.lock()) alive->resume(id, std::move(answer));
  });
}

Server::Impl::Next Server::Impl::send_deferred(Connection& connection) {
  const auto deferred = std::move(connection.deferred);
  const Request& request = deferred->request;
  bool close = deferred->close || connections_.stopping() || keep_alive().count() < 1;
  const log::RequestScope scope(request.id);
  Response answer = respond_noexcept(request, close, [&] { return deferred->answer(request); });
  finish(request, answer, deferred->begun);
  connection.stream.write(serialized(answer, close ? std::chrono::seconds{0} : keep_alive()));
  return connection.stream.flush() && !close ? Next::kKeep : Next::kClose;
}

int Server::Impl::read_body(
    Exchange& exchange, const httplib::ContentReader* reader, std::size_t bytes_max
) const {
  constexpr std::size_t kReserveMax = 1U << 20U;
  // Chunks of one byte cost six more.
  constexpr std::size_t kChunkingFactor = 8;
  if (!exchange.has_body || reader == nullptr) return 0;
  const auto length = exchange.head.content_length.value_or(0);
  if (length > bytes_max) return 413;
  SocketStream& stream = exchange.connection.stream;
  stream.limit_body(bytes_max * kChunkingFactor + kHeadBytesMax);
  if (exchange.head.expects_continue) stream.write("HTTP/1.1 100 Continue\r\n\r\n");
  std::string& body = exchange.head.request.body;
  body.reserve(std::min<std::size_t>(length, kReserveMax));
  bool too_large = false;
  const bool complete = (*reader)([&](const char* bytes, std::size_t size) {
    too_large = body.size() + size > bytes_max;
    if (!too_large) body.append(bytes, size);
    return !too_large;
  });
  if (too_large) return 413;
  return complete ? 0 : 400;
}

void Server::Impl::discard_body(Exchange& exchange, const httplib::ContentReader* reader) const {
  if (!exchange.has_body) return;
  const bool small =
      exchange.head.content_length.value_or(kDiscardBytesMax + 1) <= kDiscardBytesMax;
  if (!small || exchange.head.expects_continue ||
      read_body(exchange, reader, kDiscardBytesMax) != 0) {
    exchange.close = true;
  }
  exchange.head.request.body.clear();
}

Response Server::Impl::busy(std::string_view detail, const Request& request) const {
  Response answer = error_handler_(503, detail, request);
  answer.headers.set("Retry-After", "1");
  return answer;
}

Response Server::Impl::respond(Exchange& exchange, const httplib::ContentReader* reader) {
  Request& request = exchange.head.request;
  if (exchange.refused != 0)
    return error_handler_(exchange.refused, exchange.refused_detail, request);
  const auto match = router_.find(request);
  if (request_filter_) {
    if (auto refused = request_filter_(request)) {
      discard_body(exchange, reader);
      return std::move(*refused);
    }
  }
  if (match.route == nullptr) {
    discard_body(exchange, reader);
    if (match.allow.empty()) return error_handler_(404, "There is nothing at this path.", request);
    Response answer =
        error_handler_(405, "This path is served for " + match.allow + " only.", request);
    answer.headers.set("Allow", match.allow);
    return answer;
  }
  const std::size_t own = match.route->body_bytes_max;
  const std::size_t bytes_max = own == 0 ? options_.body_bytes_max : own;
  const int refused = read_body(exchange, reader, bytes_max);
  if (refused != 0) {
    exchange.close = true;
    const std::string limit = "The body is larger than " + std::to_string(bytes_max) + " bytes.";
    return error_handler_(
        refused, refused == 413 ? limit : "The body ended early or is malformed.", request
    );
  }
  Response answer = match.route->handler(request);
  if (!answer.stream || request.method == "HEAD") return answer;
  exchange.streaming = connections_.begin_stream(exchange.connection);
  return exchange.streaming ? std::move(answer) : busy("Too many live streams are open.", request);
}

template <class Make>
Response Server::Impl::respond_noexcept(const Request& request, bool& close, const Make& make)
    const noexcept {
  try {
    return make();
  } catch (const std::exception& error) {
    log::error("request handler failed", {{"reason", error.what()}});
  } catch (...) {
    log::error("request handler failed");
  }
  close = true;
  return error_handler_(500, "Something went wrong inside; see the log.", request);
}

void Server::Impl::put_stream(Exchange& exchange, Response answer, httplib::Response& raw) {
  const std::string content_type = answer.content_type;
  StreamBody body = std::move(answer.stream);
  put(std::move(answer), raw);
  raw.headers.erase("Content-Type");
  raw.body.clear();
  raw.set_chunked_content_provider(
      content_type,
      [this, &exchange, body = std::move(body)](std::size_t, httplib::DataSink& sink) {
        ChunkWriter writer(sink, exchange.connection.stream, connections_);
        // The head goes out before the first event.
        if (exchange.connection.stream.flush()) body(writer);
        sink.done();
        return true;
      }
  );
}

void Server::Impl::handle(
    const httplib::Request& raw, httplib::Response& answer, const httplib::ContentReader* reader
) {
  Exchange& exchange = exchange_of(raw);
  exchange.begun = clock_.mono_now();
  Request& request = exchange.head.request;
  if (identifier_) request.id = identifier_(request);
  const log::RequestScope scope(request.id);
  Response ours =
      respond_noexcept(request, exchange.close, [&] { return respond(exchange, reader); });
  if (ours.deferred) {
    exchange.deferred = std::move(ours.deferred);
    return;
  }
  finish(request, ours, exchange.begun);
  if (exchange.close) exchange.raw->set_header("Connection", "close");
  if (exchange.streaming) {
    exchange.raw->set_header("Connection", "close");
    put_stream(exchange, std::move(ours), answer);
  } else {
    put(std::move(ours), answer);
  }
}

void Server::Impl::finish(const Request& request, Response& answer, MonoTime begun) const {
  if (response_filter_) response_filter_(request, answer);
  if (observer_) observer_(request, answer, std::chrono::floor<Millis>(clock_.mono_now() - begun));
}

std::chrono::seconds Server::Impl::keep_alive() const {
  return std::chrono::floor<std::chrono::seconds>(options_.keep_alive);
}

/// httplib tells of its own connection handling, which is not used here.
void Server::Impl::tell_keep_alive(httplib::Response& answer) const {
  answer.headers.erase("Keep-Alive");
  if (keep_alive().count() < 1 || answer.get_header_value("Connection") == "close") return;
  answer.set_header("Keep-Alive", "timeout=" + std::to_string(keep_alive().count()));
}

// --- Start and stop ------------------------------------------------------------------------------

Status Server::Impl::start() {
  auto listener = listen_on(options_.host, options_.port);
  if (!listener) return tl::unexpected(listener.error());
  wake_ = Fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wake_ || connections_.epoll() < 0)
    return fail(Errc::kUnavailable, "no file descriptor left");
  listener_ = std::move(*listener);
  port_ = listener_.port;
  codec_.mark_running(listener_.fd.get());
  watch(listener_.fd.get(), kListenerMark, EPOLLIN, EPOLL_CTL_ADD);
  watch(wake_.get(), kWakeMark, EPOLLIN, EPOLL_CTL_ADD);
  started_ = true;
  poller_ = std::jthread([this] { poll_loop(); });
  const std::size_t count = options_.threads + options_.streams_max + options_.reserve_threads;
  for (std::size_t i = 0; i < count; ++i) servers_.emplace_back([this] { serve_loop(); });
  return {};
}

void Server::Impl::stop() {
  if (!started_) return;
  started_ = false;
  connections_.stop();
  codec_.mark_stopped();
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_.get(), &one, sizeof(one)));
  poller_.join();
  listener_.fd.reset();
  if (!connections_.wait_empty(options_.stop_grace)) {
    connections_.cut();
    while (!connections_.wait_empty(options_.stop_grace))
      log::warning("still waiting for a request to be handled");
  }
  servers_.clear();
}

Server::Server(ServerOptions options, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), clock)) {}

Server::~Server() { stop(); }

void Server::route(
    std::string_view method, std::string_view pattern, Handler handler, std::size_t body_bytes_max
) {
  impl_->router_.add(method, pattern, std::move(handler), body_bytes_max);
}

void Server::set_error_handler(ErrorHandler handler) { impl_->error_handler_ = std::move(handler); }
void Server::set_request_filter(RequestFilter filter) {
  impl_->request_filter_ = std::move(filter);
}
void Server::set_identifier(Identifier identifier) { impl_->identifier_ = std::move(identifier); }
void Server::set_observer(Observer observer) { impl_->observer_ = std::move(observer); }
void Server::set_response_filter(ResponseFilter filter) {
  impl_->response_filter_ = std::move(filter);
}
Status Server::start() { return impl_->start(); }
void Server::stop() { impl_->stop(); }
std::uint16_t Server::port() const { return impl_->port_; }

std::string Server::url() const {
  const std::string& host = impl_->options_.host;
  const bool bracket = host.find(':') != std::string::npos;
  return "http://" + (bracket ? "[" + host + "]" : host) + ":" + std::to_string(impl_->port_);
}

}  // namespace postrider::http
