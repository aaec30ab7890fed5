// Sockets of the server: the few calls it needs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"

namespace postrider::http {

struct Listener {
  Fd fd;  ///< non-blocking, listening with a backlog of 1024
  std::uint16_t port = 0;
};

/// Binds to an address or name. Port 0 takes any free one.
[[nodiscard]] Result<Listener> listen_on(const std::string& host, std::uint16_t port);

/// One waiting connection with TCP_NODELAY set and its peer's address; an invalid Fd when none
/// waits. kBusy when the process is out of descriptors.
struct Accepted {
  Fd fd;
  std::string remote_address;
};
[[nodiscard]] Result<Accepted> accept_from(int listener);

/// The first bytes that wait, without taking them; empty when none do or the peer closed.
[[nodiscard]] std::string peek(int fd, std::size_t bytes_max);

/// Sends what the socket takes at once, then closes the sending side and drops what had come in, so
/// that closing does not reset the connection before the peer has read.
void send_and_finish(int fd, std::string_view bytes) noexcept;

}  // namespace postrider::http
