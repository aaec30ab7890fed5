#include "tests/support/pg_proxy.h"

#include <array>
#include <cstring>
#include <string_view>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace postrider::testing {
namespace {

using namespace std::string_view_literals;

/// The text of a commit request and of its confirmation. Both end with a zero byte.
constexpr std::string_view kCommit = "COMMIT\0"sv;
/// A message begins with its kind and its length.
constexpr std::size_t kHeader = 5;
constexpr const char* kSocket = "/.s.PGSQL.5432";

sockaddr_un address_of(const std::string& directory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = directory + kSocket;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

const sockaddr* as_address(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

int connect_to(const std::string& directory) {
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(directory);
  EXPECT_EQ(::connect(server, as_address(address), sizeof(address)), 0);
  return server;
}

std::string receive(int from) {
  std::array<char, 65536> bytes{};
  const auto count = ::recv(from, bytes.data(), bytes.size(), 0);
  return {bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

PgProxy::PgProxy(std::string directory) : server_directory_(std::move(directory)) {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(directory_.path().string());
  EXPECT_EQ(::bind(listener_, as_address(address), sizeof(address)), 0);
  EXPECT_EQ(::listen(listener_, 8), 0);
  EXPECT_EQ(::pipe(stop_), 0);
  thread_ = std::jthread([this] { serve(); });
}

PgProxy::~PgProxy() {
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
}

std::string PgProxy::url(const std::string& address) const {
  std::string changed = address;
  const std::size_t at = changed.find(server_directory_);
  EXPECT_NE(at, std::string::npos);
  return changed.replace(at, server_directory_.size(), directory_.path().string());
}

void PgProxy::serve() {
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{stop_[0], POLLIN, 0}, pollfd{listener_, POLLIN, 0}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) return;
    const int client = ::accept(listener_, nullptr, nullptr);
    const int server = connect_to(server_directory_);
    pass_on(client, server);
    ::close(client);
    ::close(server);
  }
}

void PgProxy::pass_on(int client, int server) {
  for (;;) {
    std::array<pollfd, 3> fds{
        pollfd{stop_[0], POLLIN, 0}, pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0 && !to_server(client, server)) return;
    if (fds[2].revents != 0 && !to_client(server, client)) return;
  }
}

bool PgProxy::to_server(int client, int server) {
  const std::string bytes = receive(client);
  const bool commits = bytes.find(kCommit) != std::string::npos;
  if (commits && cut_ == Cut::kBeforeCommit) {
    cut_ = Cut::kNever;
    return false;
  }
  return !bytes.empty() && send_all(server, bytes);
}

bool PgProxy::to_client(int server, int client) {
  const std::string bytes = receive(server);
  const std::size_t committed = bytes.find(kCommit);
  if (committed == std::string::npos || cut_ != Cut::kAfterCommit)
    return !bytes.empty() && send_all(client, bytes);
  cut_ = Cut::kNever;
  // What came before arrives.
  static_cast<void>(send_all(client, std::string_view{bytes}.substr(0, committed - kHeader)));
  return false;
}

}  // namespace postrider::testing
