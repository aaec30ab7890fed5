// All connections of a server and their states.
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

/// A request whose response comes later.
struct DeferredRequest {
  Request request;
  MonoTime begun{};           ///< when its head had been read
  bool close = false;         ///< after the response
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
  /// Set while the connection waits for a response, and until a serving thread sends it.
  std::unique_ptr<DeferredRequest> deferred{};
};

/// Thread-safe. A connection is idle (in the epoll set, no thread), queued, busy (one thread
/// works on it), or waiting for a deferred response (no thread). With `threads + streams_max +
/// reserve_threads` threads calling take(), ordinary requests hold at most `threads` of them and
/// streams at most `streams_max`, so the reserve is always there.
class ConnectionTable {
 public:
  ConnectionTable(const ServerOptions& options, const Clock& clock);

  [[nodiscard]] int epoll() const { return epoll_.get(); }

  // Called by the polling thread.

  /// Adds a new idle connection. False if there are too many: `accepted` is then not changed.
  [[nodiscard]] bool add(Accepted& accepted, StreamLimits limits);
  /// Returns the bytes that have arrived on an idle connection; empty if its peer has closed it, or
  /// if it is gone.
  [[nodiscard]] std::string peek_idle(std::uint64_t id);
  /// Moves an idle connection to the queue. Returns the connection if the queue is full, so that
  /// the caller refuses it.
  std::unique_ptr<Connection> enqueue(std::uint64_t id, bool reserved);
  void close_idle(std::uint64_t id);
  /// Closes connections that were idle for too long. Returns connections that waited too long for a
  /// thread.
  [[nodiscard]] std::vector<std::unique_ptr<Connection>> sweep();

  // Called by the serving threads.

  /// Waits for a queued connection; null once the server has stopped and the queue is empty.
  [[nodiscard]] Connection* take();
  [[nodiscard]] bool others_wait() const;
  /// The thread is done with the connection, which waits for its next request.
  void set_idle(Connection& connection);
  /// Moves the connection to the queue: bytes of the next request have already been read.
  void requeue(Connection& connection);
  void close(Connection& connection);
  /// The busy connection stops counting as an ordinary request. False: too many streams.
  [[nodiscard]] bool begin_stream(Connection& connection);
  void end_stream();
  /// The busy connection waits for resume() without a thread.
  void defer(Connection& connection, std::unique_ptr<DeferredRequest> deferred);

  // Called by any thread.

  /// Queues a connection that waits, with its response. Does nothing when it has ended.
  void resume(std::uint64_t id, DeferredResponse answer);

  // Called by stop().

  /// No connection becomes idle any more; closes idle connections and ends the input of the others.
  void stop();
  /// Waits until no connection is left. False when `timeout` passed first.
  [[nodiscard]] bool wait_empty(Millis timeout);
  /// Shuts the remaining connections down, also those that wait for a response.
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
