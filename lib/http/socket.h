// Sockets of the server: owners and the few calls it needs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace postrider::http {

/// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

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
