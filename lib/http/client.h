// A small HTTP client for the command line and for tests. Deliveries use transport/curl instead.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "http/message.h"

namespace postrider::http {

struct HttpResponse {
  int status = 0;
  Headers headers;  ///< values percent-decoded by httplib 0.11
  std::string body;
};

struct ClientOptions {
  Millis connect_timeout{5000};
  /// The longest silence while waiting for a response: a test of an endpoint may take 75 s.
  Millis read_timeout{90'000};
};

/// Keeps its connection open between requests. Owned by one thread.
class HttpClient {
 public:
  /// `base_url`: `http://host:port`, https too, with an optional path in front of every request's.
  /// kInvalidArgument when it is no such URL. `bearer_key` may be empty.
  [[nodiscard]] static Result<HttpClient> open(
      std::string_view base_url, std::string bearer_key, ClientOptions options = {}
  );
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  /// `path` with its query, already encoded. Any status is a response; kUnavailable when none came.
  [[nodiscard]] Result<HttpResponse> request(
      std::string_view method,
      std::string_view path,
      std::string body = {},
      std::string_view content_type = {},
      const Headers& headers = {}
  );

  /// Gets a stream of lines (server-sent events), each handed over without its line end, until
  /// `on_line` returns false or the server ends it. Other statuses than 200 come back with their
  /// body.
  [[nodiscard]] Result<HttpResponse> stream(
      std::string_view path, const std::function<bool(std::string_view line)>& on_line
  );

 private:
  class Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::http
