#include "app/postrider/api.h"

#include "app/postrider/json_view.h"
#include "app/postrider/table.h"

namespace postrider::cli {
namespace {

constexpr int kUnauthorized = 401;

}  // namespace

void add_api_options(const Command& command, ApiOptions& options) {
  command.text("server", options.server, "Address of the server");
  command.text("key", options.key, "API key");
  command.allow_environment("server");
  command.allow_environment("key");
  command.flag("json", options.json, "Print the server's JSON, one object per line");
}

void Query::add(std::string_view name, const std::optional<std::string>& value) {
  if (!value || value->empty()) return;
  text_ += text_.empty() ? '?' : '&';
  text_ += name;
  text_ += '=';
  text_ += http::percent_encode(*value);
}

std::string Query::on(std::string_view path) const { return std::string(path) + text_; }

Result<Api> Api::open(const ApiOptions& options) {
  auto client = http::HttpClient::open(options.server, options.key);
  if (!client) {
    return fail(Errc::kInvalidArgument, "--server or --key: " + client.error().context);
  }
  return Api(std::move(*client));
}

Result<http::HttpResponse> Api::exchange(
    std::string_view method,
    std::string_view path,
    std::string body,
    std::string_view content_type,
    const http::Headers& headers
) {
  auto answer = client_.request(method, path, std::move(body), content_type, headers);
  if (!answer) answer.error().context += " (--server or POSTRIDER_SERVER names the server)";
  return answer;
}

Result<std::string> Api::call(
    std::string_view method, std::string_view path, std::string body, const http::Headers& headers
) {
  const std::string_view type = body.empty() ? "" : "application/json";
  auto answer = exchange(method, path, std::move(body), type, headers);
  if (!answer) return tl::unexpected(std::move(answer).error());
  if (answer->status >= 200 && answer->status < 300) return std::move(answer->body);
  std::string text = problem_text(answer->status, answer->body);
  if (answer->status == kUnauthorized) text += " (--key or POSTRIDER_KEY holds the key)";
  return fail(Errc::kConflict, std::move(text), answer->status);
}

Result<std::string> Api::send(
    std::string_view method,
    std::string_view path,
    Result<std::string> body,
    const http::Headers& headers
) {
  if (!body) return body;
  return call(method, path, std::move(*body), headers);
}

std::string problem_text(int status, std::string_view body) {
  constexpr std::size_t kShownMax = 300;
  const JsonView problem(body);
  if (!problem["title"].exists()) {
    const std::string shown = printable(body.substr(0, kShownMax));
    return "the server answered " + std::to_string(status) + (shown.empty() ? "" : ": " + shown);
  }
  std::string text = printable(problem["title"].text());
  const std::string detail = printable(problem["detail"].text());
  if (!detail.empty()) text += ": " + detail;
  // The detail describes a single error. Several errors get a line each.
  const auto errors = problem["errors"].elements();
  if (errors.size() < 2) return text;
  for (const JsonView& error : errors) {
    text += "\n  " + printable(error["pointer"].text()) + ": " + printable(error["detail"].text());
  }
  return text;
}

std::string path_of(std::string_view collection, std::string_view id, std::string_view action) {
  std::string path = "/v1/" + std::string(collection) + "/" + http::percent_encode(id);
  if (!action.empty()) path += "/" + std::string(action);
  return path;
}

void run_with_api(
    const Command& command, const ApiOptions& options, std::function<Result<int>(Api&, Io&)> body
) {
  command.run_checked([&options, body = std::move(body)](Io& io) -> Result<int> {
    auto api = Api::open(options);
    if (!api) return tl::unexpected(api.error());
    return body(*api, io);
  });
}

}  // namespace postrider::cli
