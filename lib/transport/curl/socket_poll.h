// Waits for libcurl's sockets at a price that does not grow with their number.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "transport/curl/curl_handles.h"

namespace postrider::curl {

/// An epoll set. A connection stays in it while it is kept alive, so that a request on it costs no
/// system call of its own. Owned by the transport's thread, but for wake().
class SocketPoll {
 public:
  struct Ready {
    curl_socket_t socket;
    int events;  ///< CURL_CSELECT_…
  };

  SocketPoll();

  /// False when the process had no descriptor left for the set, which then cannot be used.
  [[nodiscard]] bool ready() const { return ready_; }

  /// A connection was opened or closed: what is not reported here is not kept in the set.
  void opened(curl_socket_t socket);
  void closed(curl_socket_t socket);
  /// libcurl wants to know of `what` (CURL_POLL_…) from now on.
  void watch(curl_socket_t socket, int what);

  /// Appends the sockets that are ready, as soon as there are any or `timeout` has passed. True
  /// when woken: now, or since the last call.
  [[nodiscard]] bool wait(Millis timeout, std::vector<Ready>& ready);
  /// Thread-safe.
  void wake() noexcept;

 private:
  struct Entry {
    std::uint32_t wanted = 0;      // events libcurl asked for
    std::uint32_t registered = 0;  // events in the set; 0: not in it
    bool kept = false;             // stays in the set while nothing is wanted
  };

  [[nodiscard]] Entry& entry(curl_socket_t socket);
  void put(curl_socket_t socket, Entry& entry, std::uint32_t events);

  const Fd epoll_;
  const Fd wake_;
  bool ready_ = false;
  std::vector<Entry> entries_;  // by descriptor
};

}  // namespace postrider::curl
