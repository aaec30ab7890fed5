#include "store/sqlite/wal_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/system_error.h"

namespace postrider::sqlite {

// Watches the directory, not the log: SQLite removes the log with its last connection and creates
// it again, and a watch on the file would stay with the removed one.
Result<std::unique_ptr<WalWatch>> WalWatch::open(const std::string& database) {
  const std::filesystem::path log{database + "-wal"};
  const std::string directory = log.has_parent_path() ? log.parent_path().string() : ".";
  const int events = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const int notify = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  std::unique_ptr<WalWatch> watch{new WalWatch(events, notify, timer, log.filename().string())};
  if (events < 0 || notify < 0 || timer < 0 ||
      ::inotify_add_watch(notify, directory.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
    const int error = errno;
    return fail_system(Errc::kUnavailable, "cannot watch " + directory, error);
  }
  return watch;
}

WalWatch::~WalWatch() {
  if (events_ >= 0) ::close(events_);
  if (notify_ >= 0) ::close(notify_);
  if (timer_ >= 0) ::close(timer_);
}

void WalWatch::wake() noexcept {
  const std::uint64_t one = 1;
  // This fails only if the counter is full, and then a wake is already pending.
  static_cast<void>(::write(events_, &one, sizeof one) > 0);
}

// Writes to the database and to other files of the directory end poll(), but not the wait. The
// timer keeps the timeout across several polls.
bool WalWatch::wait(Millis timeout) {
  itimerspec spec{};
  const std::int64_t ms = std::max<std::int64_t>(timeout.count(), 0);
  spec.it_value.tv_sec = ms / 1000;
  // All zeros would disarm the timer.
  spec.it_value.tv_nsec = std::max<std::int64_t>(ms % 1000 * 1'000'000, ms == 0 ? 1 : 0);
  if (::timerfd_settime(timer_, 0, &spec, nullptr) != 0) return true;
  while (true) {
    std::array<pollfd, 3> polled{{{events_, POLLIN, 0}, {notify_, POLLIN, 0}, {timer_, POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return true;  // the caller then looks at the outbox, which is always safe
    }
    const bool woken = drain_wakes();
    const bool written = drain_events();
    if (woken || written) return true;
    if (polled[2].revents != 0) return false;
  }
}

bool WalWatch::drain_wakes() const {
  std::uint64_t count = 0;
  return ::read(events_, &count, sizeof count) == static_cast<ssize_t>(sizeof count);
}

/// Reads pending events. Returns whether one of them was about the log.
bool WalWatch::drain_events() {
  bool about_log = false;
  alignas(inotify_event) std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t size = ::read(notify_, buffer.data(), buffer.size());
    if (size <= 0) return about_log;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, &buffer.at(at), sizeof event);
      // The name is padded with zeros. An overflow has no name and may have been about any file.
      const char* name = buffer.data() + at + sizeof event;
      if ((event.mask & IN_Q_OVERFLOW) != 0) about_log = true;
      if (event.len > 0 && log_name_ == name) about_log = true;
      at += sizeof event + event.len;
    }
  }
}

}  // namespace postrider::sqlite
