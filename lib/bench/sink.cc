#include "bench/sink.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/http_text.h"
#include "bench/mark.h"

namespace postrider::bench {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kHang = "POST /hang";

bool watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Result<std::unique_ptr<Sink>> Sink::open(const Clock& clock, const Plan& plan) {
  auto listener = http::listen_on("127.0.0.1", plan.port);
  if (!listener) return tl::unexpected(std::move(listener).error());
  Fd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  Fd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!epoll || !wake || !watch(epoll.get(), listener->fd.get()) ||
      !watch(epoll.get(), wake.get())) {
    return fail(Errc::kUnavailable, "the sink has no descriptors");
  }
  std::unique_ptr<Sink> sink{
      new Sink(clock, std::move(*listener), std::move(epoll), std::move(wake))};
  sink->expect(plan.events, plan.copies);
  sink->thread_ = std::jthread([&self = *sink] { self.run(); });
  return sink;
}

Sink::Sink(const Clock& clock, http::Listener listener, Fd epoll, Fd wake)
    : clock_(clock),
      listener_(std::move(listener)),
      epoll_(std::move(epoll)),
      wake_(std::move(wake)) {}

Sink::~Sink() {
  stopping_.store(true);
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_.get(), &one, sizeof one) > 0);
}

void Sink::expect(std::size_t events, std::size_t copies) {
  const MutexLock lock(mutex_);
  counts_.assign(events, 0);
  latencies_us_.clear();
  latencies_us_.reserve(events * copies);
  expected_ = events * copies;
  copies_ = copies;
  arrivals_.store(0);
}

bool Sink::wait_for_all(Millis timeout) {
  const MonoTime end = clock_.mono_now() + timeout;
  const MutexLock lock(mutex_);
  while (arrivals_.load() < expected_) {
    const auto left = std::chrono::ceil<Millis>(end - clock_.mono_now());
    if (left <= Millis{0}) return false;
    static_cast<void>(all_here_.wait_for(mutex_, left));
  }
  return true;
}

std::size_t Sink::wrong_counts() const {
  const MutexLock lock(mutex_);
  return static_cast<std::size_t>(std::count_if(
      counts_.begin(), counts_.end(), [copies = copies_](auto count) { return count != copies; }
  ));
}

MonoTime Sink::last_arrival() const {
  const MutexLock lock(mutex_);
  return last_arrival_;
}

std::vector<std::int64_t> Sink::latencies_us() const {
  const MutexLock lock(mutex_);
  return latencies_us_;
}

void Sink::run() noexcept {
  std::array<epoll_event, 256> events{};
  while (!stopping_.load()) {
    const int ready =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
      if (fd == listener_.fd.get()) {
        accept_all();
        continue;
      }
      const auto peer = peers_.find(fd);
      if (peer != peers_.end() && !serve(peer->second)) peers_.erase(peer);
    }
  }
}

void Sink::accept_all() {
  while (true) {
    auto accepted = http::accept_from(listener_.fd.get());
    if (!accepted || !accepted->fd) return;
    const int fd = accepted->fd.get();
    if (watch(epoll_.get(), fd)) peers_[fd].fd = std::move(accepted->fd);
  }
}

bool Sink::serve(Peer& peer) {
  std::array<char, 65536> bytes;  // NOLINT(*-member-init): filled by recv
  const ssize_t got = ::recv(peer.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got == 0) return false;
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  const std::string_view fresh{bytes.data(), static_cast<std::size_t>(got)};
  // Most requests arrive in one piece and are parsed without a copy.
  std::string_view in = fresh;
  if (!peer.in.empty()) in = peer.in.append(fresh);
  while (const std::size_t taken = take_request(in, peer.out)) in.remove_prefix(taken);
  peer.in = std::string{in};
  if (peer.out.empty()) return true;
  const ssize_t sent =
      ::send(peer.fd.get(), peer.out.data(), peer.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  const bool complete = sent == static_cast<ssize_t>(peer.out.size());
  peer.out.clear();
  return complete;  // a full send buffer of 38-byte responses means that the peer does not read
}

std::size_t Sink::take_request(std::string_view in, std::string& out) {
  const Message request = first_message(in);
  if (request.bytes == 0 || in.starts_with(kHang)) return request.bytes;
  out += kOk;
  count(in.substr(request.head_bytes, request.bytes - request.head_bytes));
  return request.bytes;
}

void Sink::count(std::string_view body) {
  Mark mark;
  if (!find_mark(body, mark)) return;
  const MonoTime now = clock_.mono_now();
  const MutexLock lock(mutex_);
  if (mark.number >= counts_.size()) return;
  ++counts_[mark.number];
  latencies_us_.push_back(to_us(now) - mark.emitted_us);
  last_arrival_ = now;
  if (arrivals_.fetch_add(1) + 1 == expected_) all_here_.notify_all();
}

}  // namespace postrider::bench
