// A client of the REST API for the commands.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/postrider/cli.h"
#include "http/client.h"

namespace postrider::cli {

/// The flags `--server`, `--key` and `--json` of every command that calls a server.
struct ApiOptions {
  std::string server = "http://127.0.0.1:8080";
  std::string key;
  bool json = false;
};
void add_api_options(const Command& command, ApiOptions& options);

/// The query of a path. Values are percent-encoded, and empty values are omitted.
class Query {
 public:
  void add(std::string_view name, const std::optional<std::string>& value);
  /// Returns `path` with the query.
  [[nodiscard]] std::string on(std::string_view path) const;

 private:
  std::string text_;
};

/// Owned by one thread.
class Api {
 public:
  [[nodiscard]] static Result<Api> open(const ApiOptions& options);

  /// Sends a request and returns any response of the server.
  [[nodiscard]] Result<http::HttpResponse> exchange(
      std::string_view method,
      std::string_view path,
      std::string body,
      std::string_view content_type,
      const http::Headers& headers
  );
  /// Sends a request and returns the body of a 2xx response. Any other status is an error whose
  /// context is the problem for people: `title: detail` and a line per wrong member.
  [[nodiscard]] Result<std::string> call(
      std::string_view method,
      std::string_view path,
      std::string body = {},
      const http::Headers& headers = {}
  );
  /// Calls call(), unless `body` is an error, which it returns.
  [[nodiscard]] Result<std::string> send(
      std::string_view method,
      std::string_view path,
      Result<std::string> body,
      const http::Headers& headers = {}
  );

 private:
  explicit Api(http::HttpClient client) : client_(std::move(client)) {}
  http::HttpClient client_;
};

/// Returns the text of a problem response, or of any other error response.
[[nodiscard]] std::string problem_text(int status, std::string_view body);

/// Returns a path such as `/v1/endpoints/<id>`, with the id percent-encoded.
[[nodiscard]] std::string path_of(
    std::string_view collection, std::string_view id, std::string_view action = {}
);

/// Makes a command that calls the API: opens the connection and prints errors. A kInvalidArgument
/// that `body` returns is wrong usage, status 2. All errors of the server are failures, status 1.
void run_with_api(
    const Command& command, const ApiOptions& options, std::function<Result<int>(Api&, Io&)> body
);

}  // namespace postrider::cli
