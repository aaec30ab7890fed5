#include "transport/curl/socket_poll.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace postrider::curl {
namespace {

std::uint32_t epoll_events(int what) {
  switch (what) {
    case CURL_POLL_IN:
      return EPOLLIN;
    case CURL_POLL_OUT:
      return EPOLLOUT;
    case CURL_POLL_INOUT:
      return EPOLLIN | EPOLLOUT;
    default:
      return 0;
  }
}

int curl_events(std::uint32_t events) {
  int selected = 0;
  if ((events & (EPOLLIN | EPOLLHUP)) != 0) selected |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) selected |= CURL_CSELECT_OUT;
  if ((events & EPOLLERR) != 0) selected |= CURL_CSELECT_ERR;
  return selected;
}

}  // namespace

SocketPoll::SocketPoll()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_.get();
  ready_ = epoll_ && wake_ && ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0;
}

SocketPoll::Entry& SocketPoll::entry(curl_socket_t socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= entries_.size()) entries_.resize(index + 1);
  return entries_[index];
}

void SocketPoll::opened(curl_socket_t socket) { entry(socket) = {.kept = true}; }

// Closing takes a descriptor out of the set; its number may soon mean another socket.
void SocketPoll::closed(curl_socket_t socket) { entry(socket) = {}; }

void SocketPoll::watch(curl_socket_t socket, int what) {
  Entry& one = entry(socket);
  one.wanted = epoll_events(what);
  if (one.wanted == 0 && one.kept) return;
  if (one.wanted != one.registered) put(socket, one, one.wanted);
}

void SocketPoll::put(curl_socket_t socket, Entry& entry, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  int operation = entry.registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (events == 0) operation = EPOLL_CTL_DEL;
  // It fails when memory is short; the request then ends by its time.
  static_cast<void>(::epoll_ctl(epoll_.get(), operation, socket, &event));
  entry.registered = events;
}

bool SocketPoll::wait(Millis timeout, std::vector<Ready>& ready) {
  std::array<epoll_event, 256> events{};
  const int count = ::epoll_wait(
      epoll_.get(),
      events.data(),
      static_cast<int>(events.size()),
      static_cast<int>(timeout.count())
  );
  bool woken = false;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    if (event.data.fd == wake_.get()) {
      std::uint64_t wakes = 0;
      woken = ::read(wake_.get(), &wakes, sizeof wakes) > 0;
      continue;
    }
    Entry& one = entry(event.data.fd);
    if (one.wanted == 0) {
      // The other side of an idle connection closed it: libcurl sees that when it wants to use it.
      put(event.data.fd, one, 0);
    } else {
      ready.push_back({event.data.fd, curl_events(event.events)});
    }
  }
  return woken;
}

void SocketPoll::wake() noexcept {
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then a wake is waiting already.
  static_cast<void>(::write(wake_.get(), &one, sizeof one) > 0);
}

}  // namespace postrider::curl
