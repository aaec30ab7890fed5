#include "http/socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/system_error.h"
#include "base/unique_handle.h"

namespace postrider::http {
namespace {

constexpr int kBacklog = 1024;

using AddressList = UniqueHandle<addrinfo, freeaddrinfo>;

Result<AddressList> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return fail(
        Errc::kInvalidArgument, "cannot resolve " + host + ": " + gai_strerror(error), error
    );
  }
  return AddressList{found};
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  // The socket interface speaks of every family through one pointer type.
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (getsockname(fd, any, &size) != 0) return 0;
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof(v6));
    return ntohs(v6.sin6_port);
  }
  sockaddr_in v4{};
  std::memcpy(&v4, &address, sizeof(v4));
  return ntohs(v4.sin_port);
}

std::string address_text(const sockaddr_storage& address, socklen_t size) {
  std::array<char, NI_MAXHOST> text{};
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  const int error = getnameinfo(any, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return error == 0 ? std::string(text.data()) : std::string();
}

}  // namespace

Result<Listener> listen_on(const std::string& host, std::uint16_t port) {
  auto addresses = resolve(host, port);
  if (!addresses) return tl::unexpected(addresses.error());
  const addrinfo& address = **addresses;
  Fd fd{::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const int on = 1;
  // Without it a restart has to wait for the old connections' TIME_WAIT.
  const bool ready = fd && setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                     ::bind(fd.get(), address.ai_addr, address.ai_addrlen) == 0 &&
                     ::listen(fd.get(), kBacklog) == 0;
  if (!ready) {
    const int error = errno;
    return fail_system(
        Errc::kUnavailable, "cannot listen on " + host + ":" + std::to_string(port), error
    );
  }
  const std::uint16_t actual = bound_port(fd.get());
  return Listener{std::move(fd), actual};
}

Result<Accepted> accept_from(int listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  Fd fd{::accept4(listener, reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC)};
  if (!fd) {
    const int error = errno;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
      return fail(Errc::kBusy, "cannot accept a connection", error);
    }
    return Accepted{};
  }
  const int on = 1;
  static_cast<void>(setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
  return Accepted{std::move(fd), address_text(address, size)};
}

std::string peek(int fd, std::size_t bytes_max) {
  std::string bytes(bytes_max, '\0');
  const ssize_t count = ::recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

void send_and_finish(int fd, std::string_view bytes) noexcept {
  static_cast<void>(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  static_cast<void>(::shutdown(fd, SHUT_WR));
  std::array<char, 16384> dropped{};
  constexpr int kReadsMax = 64;
  for (int i = 0; i < kReadsMax; ++i) {
    if (::recv(fd, dropped.data(), dropped.size(), MSG_DONTWAIT) <= 0) return;
  }
}

}  // namespace postrider::http
