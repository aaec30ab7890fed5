// Sends requests with libcurl.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "transport/curl/address_guard.h"
#include "transport/transport.h"

namespace postrider::curl {

/// One multi handle of libcurl: keep-alive, HTTP/2 if TLS offers it, no redirects, no proxies, no
/// credentials except the headers of the request. A request is sent at most once.
///
/// A response with a final status is not a failure, even if its body is not complete. The process
/// must ignore SIGPIPE, because libcurl is configured not to handle signals.
class CurlTransport final : public Transport {
 public:
  struct Options {
    AddressGuard guard;
    /// Connections kept open for reuse. libcurl scans all of them regularly, so thousands cost more
    /// than they save.
    std::size_t connections_max = 512;
    std::string ca_file{};  ///< PEM of the authorities to trust; empty: the system's
  };

  /// `clock` outlives the transport.
  CurlTransport(const Clock& clock, Options options);
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;
  /// Requests in flight end without a completion.
  ~CurlTransport() override;

  /// kUnavailable if the process had no descriptor or memory for the transport, which then cannot
  /// be used. Constant after construction.
  [[nodiscard]] Status ready() const;

  void submit(TransferId id, Request request) override;
  void poll(Millis wait, std::vector<Completion>& out) override;
  void wake() noexcept override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::curl
