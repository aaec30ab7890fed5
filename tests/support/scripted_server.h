// A server on loopback whose every byte and silence a test decides.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/mutex.h"

namespace postrider::testing {

struct RawRequest {
  std::string head;  ///< request line and headers, as they came, with the empty line
  std::string body;  ///< content-length bytes
};

/// One accepted connection. Used by its own thread, but for what the server does to end it.
class ServerConnection {
 public:
  ServerConnection(int fd, int number) : fd_(fd), number_(number) {}
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;
  ~ServerConnection();

  /// 0 for the first connection of the server.
  [[nodiscard]] int number() const { return number_; }

  /// For handlers that speak something else than plain text. Stays this connection's.
  [[nodiscard]] int descriptor() const { return fd_; }

  /// Nothing when the peer is gone.
  std::optional<RawRequest> read_request();

  /// False when the peer is gone.
  bool send(std::string_view bytes);

  /// Ends the connection at once with a TCP reset.
  void reset();

  /// Waits until the peer ends the connection or the server stops; what arrives is dropped.
  void wait_for_end();

  /// Makes every call of the handler fail. Thread-safe.
  void shut_down();

 private:
  bool fill();

  const int fd_;
  const int number_;
  std::string received_;
};

/// Accepts connections on 127.0.0.1 and runs `handler` for each on a thread of its own. Stops with
/// its destruction.
class ScriptedServer {
 public:
  using Handler = std::function<void(ServerConnection&)>;

  explicit ScriptedServer(Handler handler);
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/") const;
  [[nodiscard]] int connection_count() const { return connection_count_; }

 private:
  struct Session {
    Session(int fd, int number) : connection(fd, number) {}
    ServerConnection connection;
    std::jthread thread;
  };

  void accept_all();

  const Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connection_count_ = 0;
  std::atomic<bool> stopping_ = false;
  Mutex mutex_;
  std::list<Session> sessions_ POSTRIDER_GUARDED_BY(mutex_);
  std::jthread acceptor_;
};

/// Answers every request of a connection with the same bytes.
[[nodiscard]] ScriptedServer::Handler answer_always(std::string response);

/// A complete response with content-length.
[[nodiscard]] std::string response_of(
    int status, std::string_view body = {}, std::string_view headers = {}
);

}  // namespace postrider::testing
