// The REST API as the commands use it.
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

/// `--server`, `--key` and `--json`, which every command that talks to a server has.
struct ApiOptions {
  std::string server = "http://127.0.0.1:8080";
  std::string key;
  bool json = false;
};
void add_api_options(const Command& command, ApiOptions& options);

/// A path's query, values encoded; empty values are left out.
class Query {
 public:
  void add(std::string_view name, const std::optional<std::string>& value);
  /// `path` with the query.
  [[nodiscard]] std::string on(std::string_view path) const;

 private:
  std::string text_;
};

/// Owned by one thread.
class Api {
 public:
  [[nodiscard]] static Result<Api> open(const ApiOptions& options);

  /// Any answer of the server.
  [[nodiscard]] Result<http::HttpResponse> exchange(
      std::string_view method,
      std::string_view path,
      std::string body,
      std::string_view content_type,
      const http::Headers& headers
  );
  /// The body of a 2xx answer. Any other status is an error whose context is the problem, for
  /// people: `title: detail` and a line per wrong member.
  [[nodiscard]] Result<std::string> call(
      std::string_view method,
      std::string_view path,
      std::string body = {},
      const http::Headers& headers = {}
  );
  /// The same with a body that may have turned out wrong, which is then the error.
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

/// The text of a problem answer, or of any other refusal.
[[nodiscard]] std::string problem_text(int status, std::string_view body);

/// `/v1/endpoints/<id>` with the id encoded.
[[nodiscard]] std::string path_of(
    std::string_view collection, std::string_view id, std::string_view action = {}
);

/// A command on the API: opens the connection and shows errors. Wrong usage found by `body` itself
/// (kInvalidArgument) is status 2; everything the server says is a failure, status 1.
void run_with_api(
    const Command& command, const ApiOptions& options, std::function<Result<int>(Api&, Io&)> body
);

}  // namespace postrider::cli
