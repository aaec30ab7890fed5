// One request in flight: an easy handle, the request, and the response so far.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "transport/curl/address_guard.h"
#include "transport/curl/curl_handles.h"
#include "transport/curl/curl_transport.h"
#include "transport/curl/failure.h"
#include "transport/curl/socket_poll.h"

namespace postrider::curl {

/// Used for one request after another; its handle keeps libcurl's buffers. Owned by the transport's
/// thread. Not movable, because libcurl has its address.
class Transfer {
 public:
  /// `options` outlives it; `sockets` also outlives the connections that it opens. The handle is
  /// null if memory is short: prepare() then fails.
  Transfer(const CurlTransport::Options& options, SocketPoll& sockets);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() = default;

  /// Prepares the handle for a multi handle. False if libcurl refuses an option.
  [[nodiscard]] bool prepare(TransferId id, Request request);

  /// Returns the response after libcurl is done, or was never started. Frees the memory of the
  /// request.
  [[nodiscard]] Completion finish(CURLcode code);

  [[nodiscard]] CURL* handle() const { return easy_.get(); }

 private:
  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self) noexcept;
  static curl_socket_t on_open_socket(
      void* self, curlsocktype purpose, curl_sockaddr* address
  ) noexcept;
  static int on_close_socket(void* sockets, curl_socket_t socket) noexcept;
  static int on_request(
      void* self, char* remote, char* local, int remote_port, int local_port
  ) noexcept;

  void set_headers();
  [[nodiscard]] bool set_request();
  [[nodiscard]] bool set_rules();
  [[nodiscard]] bool set_callbacks();
  [[nodiscard]] bool take_header(std::string_view line);
  void keep_header(std::string_view line);
  [[nodiscard]] Cause cause(CURLcode code, Millis duration) const;
  [[nodiscard]] bool is_blocked() const;
  [[nodiscard]] long info(CURLINFO what) const;
  [[nodiscard]] curl_off_t microseconds(CURLINFO what) const;
  [[nodiscard]] std::string_view detail(CURLcode code) const;
  void log_failure(CURLcode code) const;

  const CurlTransport::Options& options_;
  SocketPoll& sockets_;
  EasyHandle easy_;
  bool set_up_ = false;                   ///< what is the same for every request has been set
  std::vector<curl_slist> header_nodes_;  ///< of the request's lines
  /// Disables the round trip of `Expect: 100-continue` before a large body.
  std::string no_expect_ = "Expect:";
  std::array<char, CURL_ERROR_SIZE> error_{};

  TransferId id_ = 0;
  Request request_;
  Response response_;
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  int requests_sent_ = 0;
  int sockets_opened_ = 0;
  int sockets_refused_ = 0;
  std::string refused_address_;  ///< the last one
  std::string location_;         ///< the header of a redirect
  bool answered_ = false;        ///< a whole header block with a final status has arrived
};

}  // namespace postrider::curl
