#include "bench/load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/system_error.h"
#include "bench/http_text.h"
#include "bench/mark.h"
#include "http/request_head.h"
#include "http/socket.h"

namespace postrider::bench {
namespace {

/// If the service is silent for this long, the run is aborted.
constexpr Millis kSilenceMax{30'000};

Fd connect_to(std::uint16_t port) {
  Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  const bool connected =
      fd && ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
  if (!connected) fd.reset();
  return fd;
}

class Load {
 public:
  Load(const LoadPlan& plan, const Clock& clock) : plan_(plan), clock_(clock) {}

  Result<LoadReport> run();

 private:
  struct Connection {
    Fd fd;
    std::string out;
    std::size_t sent = 0;
    std::string in;
    MonoTime due;  ///< of the request in flight
    bool waits_for_room = false;
  };

  [[nodiscard]] Status connect_all();
  /// Sends due events on free connections.
  [[nodiscard]] Status send_due();
  [[nodiscard]] Status send(std::size_t index);
  [[nodiscard]] Status on_event(std::size_t index);
  [[nodiscard]] Status receive(std::size_t index);
  void build_request(std::string& out, MonoTime due);
  void append_event(std::string& out, MonoTime due);
  [[nodiscard]] MonoTime due_at(std::size_t event) const;
  [[nodiscard]] timespec until_next() const;
  void watch(std::size_t index, std::uint32_t events, int operation) const;

  const LoadPlan& plan_;
  const Clock& clock_;
  Fd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  std::vector<Connection> connections_;
  std::vector<std::size_t> free_;
  std::size_t emitted_ = 0;   // events in requests that were started
  std::size_t answered_ = 0;  // requests that got a response
  std::string body_;
  LoadReport report_;
};

Result<LoadReport> Load::run() {
  if (auto connected = connect_all(); !connected) return tl::unexpected(connected.error());
  const std::size_t requests =
      (plan_.events + plan_.events_per_request - 1) / plan_.events_per_request;
  report_.answer_us.reserve(requests);
  report_.begun = clock_.mono_now();
  std::array<epoll_event, 64> events{};
  while (answered_ < requests) {
    if (auto sent = send_due(); !sent) return tl::unexpected(sent.error());
    const timespec wait = until_next();
    const int ready = ::epoll_pwait2(
        epoll_.get(), events.data(), static_cast<int>(events.size()), &wait, nullptr
    );
    if (ready == 0 && free_.size() < connections_.size() && wait.tv_sec > 0)
      return fail(Errc::kUnavailable, "the service does not answer");
    for (int i = 0; i < ready; ++i) {
      const auto index = events.at(static_cast<std::size_t>(i)).data.u64;
      if (auto moved = on_event(index); !moved) return tl::unexpected(moved.error());
    }
  }
  report_.ended = clock_.mono_now();
  return std::move(report_);
}

Status Load::connect_all() {
  connections_.resize(plan_.connections);
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i].fd = connect_to(plan_.port);
    if (!connections_[i].fd) {
      const int error = errno;
      return fail_system(Errc::kUnavailable, "cannot connect", error);
    }
    watch(i, EPOLLIN, EPOLL_CTL_ADD);
    free_.push_back(i);
  }
  return {};
}

void Load::watch(std::size_t index, std::uint32_t events, int operation) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = index;
  static_cast<void>(::epoll_ctl(epoll_.get(), operation, connections_[index].fd.get(), &event));
}

MonoTime Load::due_at(std::size_t event) const {
  if (plan_.events_per_second <= 0) return clock_.mono_now();
  const double offset_us = static_cast<double>(event) / plan_.events_per_second * 1e6;
  return report_.begun + std::chrono::microseconds{static_cast<std::int64_t>(offset_us)};
}

timespec Load::until_next() const {
  auto wait = std::chrono::duration_cast<std::chrono::microseconds>(kSilenceMax);
  if (emitted_ < plan_.events && !free_.empty()) {
    wait = std::clamp(due_at(emitted_) - clock_.mono_now(), std::chrono::microseconds{0}, wait);
  }
  timespec spec{};
  spec.tv_sec = wait.count() / 1'000'000;
  spec.tv_nsec = wait.count() % 1'000'000 * 1000;
  return spec;
}

Status Load::send_due() {
  while (!free_.empty() && emitted_ < plan_.events) {
    const MonoTime due = due_at(emitted_);
    if (due > clock_.mono_now()) return {};
    const std::size_t index = free_.back();
    free_.pop_back();
    Connection& connection = connections_[index];
    connection.due = due;
    connection.sent = 0;
    build_request(connection.out, due);
    if (auto sent = send(index); !sent) return sent;
  }
  return {};
}

void Load::build_request(std::string& out, MonoTime due) {
  const bool batch = plan_.events_per_request > 1;
  body_.clear();
  if (batch) body_ += R"({"events":[)";
  for (std::size_t i = 0; i < plan_.events_per_request && emitted_ < plan_.events; ++i) {
    if (i > 0) body_ += ',';
    append_event(body_, due);
  }
  if (batch) body_ += "]}";
  out = batch ? "POST /v1/events/batch HTTP/1.1\r\n" : "POST /v1/events HTTP/1.1\r\n";
  out += "Host: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: Bearer ";
  out.append(plan_.key).append("\r\nContent-Length: ");
  out.append(std::to_string(body_.size())).append(http::kHeadEnd).append(body_);
}

void Load::append_event(std::string& out, MonoTime due) {
  out.append(R"({"type":")").append(plan_.type_prefix);
  out.append(std::to_string(emitted_ % plan_.types)).append(R"(","data":)");
  append_marked_data(out, {static_cast<std::uint32_t>(emitted_), to_us(due)}, plan_.data_bytes);
  out += '}';
  ++emitted_;
}

Status Load::send(std::size_t index) {
  Connection& connection = connections_[index];
  const std::string_view left = std::string_view{connection.out}.substr(connection.sent);
  const ssize_t sent =
      ::send(connection.fd.get(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) return fail(Errc::kUnavailable, "the connection broke");
  if (sent > 0) connection.sent += static_cast<std::size_t>(sent);
  const bool needs_room = connection.sent < connection.out.size();
  if (needs_room != connection.waits_for_room) {
    connection.waits_for_room = needs_room;
    watch(index, needs_room ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
  }
  return {};
}

Status Load::on_event(std::size_t index) {
  if (connections_[index].waits_for_room) return send(index);
  return receive(index);
}

Status Load::receive(std::size_t index) {
  Connection& connection = connections_[index];
  std::array<char, 65536> bytes;  // NOLINT(*-member-init): filled by recv
  const ssize_t got = ::recv(connection.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return {};
  if (got <= 0) return fail(Errc::kUnavailable, "the connection broke");
  connection.in.append(bytes.data(), static_cast<std::size_t>(got));
  if (first_message(connection.in).bytes == 0) return {};
  if (!connection.in.starts_with("HTTP/1.1 202")) {
    const std::string_view line = connection.in;
    return fail(
        Errc::kUnavailable,
        "an emit was answered with " + std::string{line.substr(0, line.find('\r'))}
    );
  }
  connection.in.clear();
  ++answered_;
  report_.answer_us.push_back(to_us(clock_.mono_now()) - to_us(connection.due));
  free_.push_back(index);
  return {};
}

}  // namespace

Result<LoadReport> emit_load(const LoadPlan& plan, const Clock& clock) {
  return Load(plan, clock).run();
}

}  // namespace postrider::bench
