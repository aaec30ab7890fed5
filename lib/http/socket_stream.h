// One connection's bytes for httplib, with deadlines, limits and buffers of our own.
//
// Private to lib/http: the only header here that includes httplib.
#pragma once

#include <array>
#include <string>

#include <httplib.h>

#include "base/clock.h"

namespace postrider::http {

struct StreamLimits {
  Millis read_gap{10'000};     ///< the longest silence within a request
  Millis request{60'000};      ///< from its first byte to its last
  Millis write{10'000};        ///< the longest wait for a client that does not read
  std::size_t head_bytes = 0;  ///< request line and headers
};

/// Owned by the thread that serves the connection at the moment.
class SocketStream final : public httplib::Stream {
 public:
  SocketStream(int fd, std::string remote_address, const Clock& clock, StreamLimits limits);

  /// Begins a request: its time runs from its first byte.
  void begin_request();
  enum class HeadRead : std::uint8_t { kComplete, kTooLarge, kMalformed, kBroken };
  /// Reads the next request's head. `head`: its lines, the empty one included; they live until the
  /// next read. kMalformed: what came is none, or ends early; kBroken: the client left, or is too
  /// slow.
  [[nodiscard]] HeadRead read_head(std::string_view& head);
  /// Gives `text` to the next reads, before what the client sends.
  void prepend(std::string text);
  /// A tighter limit than StreamLimits::request for the request at hand.
  void limit_request(Millis time) { request_limit_ = time; }
  /// Bytes that may still be read for the request at hand: chunk sizes and trailers count too.
  void limit_body(std::size_t bytes) { body_bytes_left_ = bytes; }

  [[nodiscard]] bool has_buffered() const { return in_begin_ < in_end_; }
  [[nodiscard]] bool failed() const { return failed_; }
  /// Whether the peer has closed its side or the connection is broken.
  [[nodiscard]] bool peer_gone() const;
  /// Waits up to `timeout` for bytes of the next request.
  [[nodiscard]] bool wait_readable(Millis timeout) const;
  /// Sends what is buffered. False when the connection is broken or too slow.
  bool flush();
  /// Forgets what is buffered and not sent.
  void discard_output() { out_.clear(); }
  /// Reads and drops what the client still sends, within bounds, so that closing does not reset the
  /// connection under the response.
  void drain();

  [[nodiscard]] const std::string& remote_address() const { return remote_address_; }

  using httplib::Stream::write;
  [[nodiscard]] bool is_readable() const override { return !failed_; }
  [[nodiscard]] bool is_writable() const override { return !failed_; }
  ssize_t read(char* out, size_t size) override;
  ssize_t write(const char* bytes, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  /// Only compared with FD_SETSIZE, a bound that poll does not have.
  [[nodiscard]] socket_t socket() const override { return 0; }

 private:
  /// Waits for the next bytes: > 0 received, 0 the end, -1 failed or too late.
  ssize_t receive(char* out, size_t size);
  [[nodiscard]] Millis time_left() const;
  /// Makes bytes of the request available: > 0 how many, 0 the end, -1 failed or too late.
  ssize_t fill();
  ssize_t count_body(ssize_t taken);

  const int fd_;
  const std::string remote_address_;
  const Clock& clock_;
  const StreamLimits limits_;

  std::array<char, 16384> in_{};
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::string out_;
  std::string head_;  // one that came in pieces
  std::string prepended_;
  std::size_t prepended_begin_ = 0;
  bool failed_ = false;
  bool started_ = false;
  MonoTime started_at_{};
  Millis request_limit_{0};
  std::size_t body_bytes_left_ = 0;
};

}  // namespace postrider::http
