// Waits for libcurl's sockets at a cost that does not depend on their number.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "transport/curl/curl_handles.h"

namespace postrider::curl {

/// An epoll set. A kept-alive connection stays in it, so a request on it needs no system call.
/// Owned by the transport's thread, except for wake().
class SocketPoll {
 public:
  struct Ready {
    curl_socket_t socket;
    int events;  ///< CURL_CSELECT_…
  };

  SocketPoll();

  /// False if the process had no descriptor for the set, which then cannot be used.
  [[nodiscard]] bool ready() const { return ready_; }

  /// A connection was opened or closed. Sockets that are not reported here are not kept in the set.
  void opened(curl_socket_t socket);
  void closed(curl_socket_t socket);
  /// libcurl wants to be notified of `what` (CURL_POLL_…) from now on.
  void watch(curl_socket_t socket, int what);

  /// Waits for ready sockets, or until `timeout`, and appends them. True if wake() was called
  /// meanwhile or since the last call.
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
