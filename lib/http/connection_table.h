// Every connection of a server, and which of them wait for a thread.
//
// Private to lib/http.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "http/server.h"
#include "http/socket.h"
#include "http/socket_stream.h"

namespace postrider::http {

/// A request whose answer comes later.
struct DeferredRequest {
  Request request;
  MonoTime begun{};           ///< when its head had been read
  bool close = false;         ///< after the answer
  DeferredResponse answer{};  ///< empty while the request waits
};

struct Connection {
  enum class State { kIdle, kQueued, kBusy, kWaiting };

  Connection(std::uint64_t number, Accepted accepted, const Clock& clock, StreamLimits limits);

  const std::uint64_t id;
  const Fd fd;
  SocketStream stream;  ///< owned by the serving thread while busy

  // Owned by the table.
  State state = State::kIdle;
  bool reserved = false;  ///< queued for a path that reserve threads serve
  bool counted = false;   ///< holds one of the ordinary threads
  MonoTime since{};       ///< of the state
  /// Set while the connection waits for an answer, and until a serving thread sends it.
  std::unique_ptr<DeferredRequest> deferred{};
};

/// Thread-safe. A connection is idle (in the epoll set, no thread), queued, busy (one thread
/// works on it), or waiting for a deferred answer (no thread). With `threads + streams_max +
/// reserve_threads` threads calling take(), ordinary requests hold at most `threads` of them and
/// streams at most `streams_max`, so the reserve is always there.
class ConnectionTable {
 public:
  ConnectionTable(const ServerOptions& options, const Clock& clock);

  [[nodiscard]] int epoll() const { return epoll_.get(); }

  // Called by the polling thread.

  /// Parks a new connection. False when there are too many: `accepted` is then untouched.
  [[nodiscard]] bool add(Accepted& accepted, StreamLimits limits);
  /// The bytes that wait on a idle connection; empty = it was closed by its peer, or is gone.
  [[nodiscard]] std::string peek_idle(std::uint64_t id);
  /// Idle -> queued. Returns the connection when the queue is full, for a refusal.
  std::unique_ptr<Connection> enqueue(std::uint64_t id, bool reserved);
  void close_idle(std::uint64_t id);
  /// Closes connections that idled too long; returns those that waited too long for a thread.
  [[nodiscard]] std::vector<std::unique_ptr<Connection>> sweep();

  // Called by the serving threads.

  /// Waits for work; null once stopped and nothing is queued.
  [[nodiscard]] Connection* take();
  [[nodiscard]] bool others_wait() const;
  /// Gives the thread up between two requests.
  void set_idle(Connection& connection);
  /// Back to the queue: the next request has already been read from the socket.
  void requeue(Connection& connection);
  void close(Connection& connection);
  /// The busy connection stops counting as an ordinary request. False: too many streams.
  [[nodiscard]] bool begin_stream(Connection& connection);
  void end_stream();
  /// The busy connection gives its thread up and waits for resume().
  void defer(Connection& connection, std::unique_ptr<DeferredRequest> deferred);

  // Called by any thread.

  /// Queues a connection that waits, with its answer. Does nothing when it has ended.
  void resume(std::uint64_t id, DeferredResponse answer);

  // Called by stop().

  /// No connection becomes idle any more; closes idle connections and ends the input of the others.
  void stop();
  /// Waits until no connection is left. False when `timeout` passed first.
  [[nodiscard]] bool wait_empty(Millis timeout);
  /// Breaks what is left; ends the connections that wait for an answer.
  void cut();
  [[nodiscard]] bool stopping() const;

 private:
  void rearm_locked(Connection& connection, bool add) POSTRIDER_REQUIRES(mutex_);
  void release_locked(Connection& connection) POSTRIDER_REQUIRES(mutex_);
  std::unique_ptr<Connection> extract_locked(std::uint64_t id) POSTRIDER_REQUIRES(mutex_);

  const ServerOptions options_;
  const Clock& clock_;
  const Fd epoll_;

  mutable Mutex mutex_;
  CondVar work_;
  CondVar empty_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_
      POSTRIDER_GUARDED_BY(mutex_);
  std::deque<Connection*> queued_ POSTRIDER_GUARDED_BY(mutex_);
  std::deque<Connection*> reserved_ POSTRIDER_GUARDED_BY(mutex_);
  std::uint64_t last_id_ POSTRIDER_GUARDED_BY(mutex_) = 0;
  std::size_t ordinary_busy_ POSTRIDER_GUARDED_BY(mutex_) = 0;
  std::size_t reserved_busy_ POSTRIDER_GUARDED_BY(mutex_) = 0;
  std::size_t streams_ POSTRIDER_GUARDED_BY(mutex_) = 0;
  bool stopping_ POSTRIDER_GUARDED_BY(mutex_) = false;
};

}  // namespace postrider::http
