// A bare TCP client: for bytes that no well-behaved HTTP client sends.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "http/socket.h"

namespace postrider::testing_support {

class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    POSTRIDER_ASSERT(::connect(fd_.get(), any, sizeof(address)) == 0);
  }

  void send(std::string_view bytes) const {
    POSTRIDER_ASSERT(
        ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(bytes.size())
    );
  }

  /// Reads until `end` has come, the peer closes, or nothing comes for 10 s.
  std::string read_until(std::string_view end) {
    std::array<char, 4096> buffer{};
    while (received_.find(end) == std::string::npos) {
      pollfd entry{fd_.get(), POLLIN, 0};
      constexpr int kPatienceMs = 10'000;
      if (::poll(&entry, 1, kPatienceMs) <= 0) break;
      const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (count <= 0) break;
      received_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    const std::size_t at = received_.find(end);
    const std::size_t size = at == std::string::npos ? received_.size() : at + end.size();
    std::string taken = received_.substr(0, size);
    received_.erase(0, size);
    return taken;
  }

  /// Everything until the peer closes.
  std::string read_all() { return read_until(std::string_view("\0never\0", 7)); }

 private:
  Fd fd_;
  std::string received_;
};

}  // namespace postrider::testing_support
