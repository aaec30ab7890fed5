#include "http/socket_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>

#include "http/request_head.h"

namespace postrider::http {
namespace {

/// Answers up to here leave in one packet or two, head and body together.
constexpr std::size_t kOutBytesMax = 64U << 10U;

bool wait_for(int fd, short events, Millis timeout) {
  pollfd entry{fd, events, 0};
  const auto ms = std::clamp<std::int64_t>(timeout.count(), 0, 3'600'000);
  for (;;) {
    const int ready = ::poll(&entry, 1, static_cast<int>(ms));
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) return false;
  }
}

/// Whether a head can become of it: it begins with a letter, and all its lines end with CRLF.
bool begins_like_a_head(std::string_view text) {
  const bool letter = text.front() >= 'A' && text.front() <= 'z';
  std::size_t end = text.find('\n');
  while (end != std::string_view::npos && end > 0 && text[end - 1] == '\r')
    end = text.find('\n', end + 1);
  return letter && end == std::string_view::npos;
}

}  // namespace

SocketStream::SocketStream(
    int fd, std::string remote_address, const Clock& clock, StreamLimits limits
)
    : fd_(fd), remote_address_(std::move(remote_address)), clock_(clock), limits_(limits) {}

void SocketStream::begin_request() {
  started_ = false;
  request_limit_ = limits_.request;
  prepended_.clear();
  prepended_begin_ = 0;
}

void SocketStream::prepend(std::string text) {
  prepended_ = std::move(text);
  prepended_begin_ = 0;
}

SocketStream::HeadRead SocketStream::read_head(std::string_view& head) {
  head_.clear();
  for (;;) {
    if (!has_buffered()) {
      const ssize_t count = fill();
      if (count == 0 && !head_.empty()) return HeadRead::kMalformed;
      if (count <= 0) return HeadRead::kBroken;
    }
    const std::string_view fresh{in_.data() + in_begin_, in_end_ - in_begin_};
    std::string_view seen = fresh;
    const std::size_t before = head_.size();
    // It mostly comes in one piece, which is read where it lies.
    if (before > 0) seen = head_.append(fresh);
    const std::size_t end = seen.find(kHeadEnd, before - std::min(before, kHeadEnd.size() - 1));
    if (end != std::string_view::npos) {
      head = seen.substr(0, end + kHeadEnd.size());
      in_begin_ += head.size() - before;
      return head.size() > limits_.head_bytes ? HeadRead::kTooLarge : HeadRead::kComplete;
    }
    if (before == 0) head_ = fresh;
    in_begin_ = in_end_;
    // Such as the beginning of a TLS connection: nobody would be told before the time is up.
    if (!begins_like_a_head(head_)) return HeadRead::kMalformed;
    if (head_.size() > limits_.head_bytes) return HeadRead::kTooLarge;
  }
}

bool SocketStream::peer_gone() const {
  pollfd entry{fd_, POLLRDHUP, 0};
  return ::poll(&entry, 1, 0) > 0 && entry.revents != 0;
}

bool SocketStream::wait_readable(Millis timeout) const {
  return has_buffered() || wait_for(fd_, POLLIN, timeout);
}

Millis SocketStream::time_left() const {
  if (!started_) return limits_.read_gap;
  const auto spent = std::chrono::duration_cast<Millis>(clock_.mono_now() - started_at_);
  return std::min(limits_.read_gap, request_limit_ - spent);
}

ssize_t SocketStream::receive(char* out, size_t size) {
  if (!out_.empty() && !flush()) return -1;
  const Millis left = time_left();
  ssize_t count = -1;
  if (left.count() > 0) {
    count = ::recv(fd_, out, size, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR) && wait_for(fd_, POLLIN, left)) {
      count = ::recv(fd_, out, size, MSG_DONTWAIT);
    }
  }
  if (count > 0 && !started_) {
    started_ = true;
    started_at_ = clock_.mono_now();
  }
  if (count < 0) failed_ = true;
  return count;
}

ssize_t SocketStream::fill() {
  const ssize_t count = receive(in_.data(), in_.size());
  if (count <= 0) return count;
  in_begin_ = 0;
  in_end_ = static_cast<std::size_t>(count);
  return count;
}

ssize_t SocketStream::read(char* out, size_t size) {
  if (failed_) return -1;
  if (prepended_begin_ < prepended_.size()) {
    const std::size_t taken = std::min(size, prepended_.size() - prepended_begin_);
    std::copy_n(prepended_.data() + prepended_begin_, taken, out);
    prepended_begin_ += taken;
    return static_cast<ssize_t>(taken);
  }
  size = std::min(size, body_bytes_left_);
  if (size == 0) return -1;
  if (!has_buffered()) {
    // A large body goes straight to its place.
    if (size >= in_.size()) return count_body(receive(out, size));
    const ssize_t count = fill();
    if (count <= 0) return count;
  }
  const std::size_t taken = std::min(size, in_end_ - in_begin_);
  std::memcpy(out, in_.data() + in_begin_, taken);
  in_begin_ += taken;
  return count_body(static_cast<ssize_t>(taken));
}

ssize_t SocketStream::count_body(ssize_t taken) {
  if (taken > 0) body_bytes_left_ -= static_cast<std::size_t>(taken);
  return taken;
}

ssize_t SocketStream::write(const char* bytes, size_t size) {
  if (failed_) return -1;
  out_.append(bytes, size);
  if (out_.size() >= kOutBytesMax && !flush()) return -1;
  return static_cast<ssize_t>(size);
}

bool SocketStream::flush() {
  std::string_view rest = out_;
  while (!rest.empty() && !failed_) {
    const ssize_t count = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      failed_ = !wait_for(fd_, POLLOUT, limits_.write);
    } else if (errno != EINTR) {
      failed_ = true;
    }
  }
  out_.clear();
  return !failed_;
}

void SocketStream::drain() {
  // Closing with bytes unread resets the connection, and the client never sees why it was refused:
  // so more is read than any body that is admitted has.
  constexpr std::size_t kBytesMax = 64U << 20U;
  constexpr Millis kGap{500};
  // A client that trickles would keep the thread for as long as it likes.
  constexpr Millis kTimeMax{2000};
  const MonoTime end = clock_.mono_now() + kTimeMax;
  static_cast<void>(flush());
  static_cast<void>(::shutdown(fd_, SHUT_WR));
  std::size_t dropped = 0;
  while (dropped < kBytesMax && clock_.mono_now() < end && wait_for(fd_, POLLIN, kGap)) {
    const ssize_t count = ::recv(fd_, in_.data(), in_.size(), MSG_DONTWAIT);
    if (count <= 0) return;
    dropped += static_cast<std::size_t>(count);
  }
}

void SocketStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = remote_address_;
  port = 0;
}

void SocketStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace postrider::http
