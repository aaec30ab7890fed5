#include "tests/support/scripted_server.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"

namespace postrider::testing {
namespace {

std::size_t content_length(std::string_view head) {
  const std::string_view name = "\r\nContent-Length: ";
  const std::size_t at = head.find(name);
  if (at == std::string_view::npos) return 0;
  std::size_t length = 0;
  std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
  return length;
}

}  // namespace

ServerConnection::~ServerConnection() { ::close(fd_); }

bool ServerConnection::fill() {
  std::array<char, 16'384> buffer{};
  const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<RawRequest> ServerConnection::read_request() {
  std::size_t end = received_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!fill()) return std::nullopt;
    end = received_.find("\r\n\r\n");
  }
  RawRequest request{.head = received_.substr(0, end + 4), .body = {}};
  const std::size_t total = request.head.size() + content_length(request.head);
  while (received_.size() < total) {
    if (!fill()) return std::nullopt;
  }
  request.body = received_.substr(request.head.size(), total - request.head.size());
  received_.erase(0, total);
  return request;
}

bool ServerConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void ServerConnection::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  // The descriptor stays taken, so that a late shut_down() does not close another one; only the
  // socket behind it is closed.
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  POSTRIDER_ASSERT(::dup3(other, fd_, O_CLOEXEC) == fd_);
  ::close(other);
}

void ServerConnection::wait_for_end() {
  while (fill()) received_.clear();
}

void ServerConnection::shut_down() { ::shutdown(fd_, SHUT_RDWR); }

ScriptedServer::ScriptedServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  POSTRIDER_ASSERT(listener_ >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  POSTRIDER_ASSERT(::bind(listener_, generic, size) == 0);
  POSTRIDER_ASSERT(::listen(listener_, 1024) == 0);
  POSTRIDER_ASSERT(::getsockname(listener_, generic, &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread{[this] { accept_all(); }};
}

ScriptedServer::~ScriptedServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  std::list<Session> sessions;
  {
    const MutexLock lock(mutex_);
    sessions.swap(sessions_);
  }
  for (Session& session : sessions) session.connection.shut_down();
  for (Session& session : sessions) session.thread.join();
}

void ScriptedServer::accept_all() {
  while (!stopping_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const MutexLock lock(mutex_);
    Session& session = sessions_.emplace_back(fd, connection_count_++);
    session.thread = std::jthread{[this, &session] {
      handler_(session.connection);
      session.connection.shut_down();
    }};
  }
}

std::string ScriptedServer::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string{path};
}

ScriptedServer::Handler answer_always(std::string response) {
  return [response = std::move(response)](ServerConnection& connection) {
    while (connection.read_request()) {
      if (!connection.send(response)) return;
    }
  };
}

std::string response_of(int status, std::string_view body, std::string_view headers) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
  text += headers;
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  text += body;
  return text;
}

}  // namespace postrider::testing
