#include "api/problem.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/log.h"
#include "base/prng.h"
#include "crypto/random.h"
#include "json/json_writer.h"
#include "store/yielded.h"

namespace postrider::api {
namespace {

constexpr int kBusyRetryAfterS = 1;
constexpr int kUnavailableRetryAfterS = 5;
constexpr std::size_t kRequestIdLengthMax = 128;

struct Kind {
  int status;
  std::string_view name;
  std::string_view title;
};
constexpr std::array<Kind, 13> kKinds = {{
    {400, "malformed", "The request is malformed"},
    {401, "unauthorized", "A valid API key is needed"},
    {403, "forbidden", "The API key does not allow this"},
    {404, "not_found", "Not found"},
    {405, "method_not_allowed", "The method is not allowed here"},
    {409, "conflict", "The state does not allow this"},
    {413, "too_large", "The request is too large"},
    {415, "unsupported_media_type", "The content type is not supported"},
    {422, "invalid", "The request is invalid"},
    {429, "too_many_requests", "Too many requests"},
    {431, "headers_too_large", "The header fields are too large"},
    {503, "unavailable", "The service cannot do this right now"},
    {500, "internal", "Something went wrong inside"},
}};

const Kind& kind_of(int status) {
  const auto found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& k) { return k.status == status; });
  return found == kKinds.end() ? kKinds.back() : *found;
}

std::string summary(const FieldErrors& errors) {
  if (errors.empty()) return "The request is invalid.";
  const auto& first = errors.front();
  std::string_view where = first.pointer;
  if (where.empty()) where = "The body";
  std::string_view detail = first.detail;
  if (detail.ends_with('.')) detail.remove_suffix(1);
  if (errors.size() == 1) return fmt::format("{} {}.", where, detail);
  return fmt::format("{} {}; and {} more.", where, detail, errors.size() - 1);
}

bool is_request_id(std::string_view text) {
  if (text.empty() || text.size() > kRequestIdLengthMax) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:/+=@-").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string sentence(std::string_view clause, std::string_view otherwise) {
  if (clause.empty()) return std::string(otherwise);
  std::string text(clause);
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  if (text.back() != '.') text += '.';
  return text;
}

std::string_view title_of(int status) { return kind_of(status).title; }

Problem problem(int status, std::string detail) {
  return {status, kind_of(status).name, std::move(detail), {}, {}};
}

Problem invalid(FieldErrors errors) {
  const bool too_large =
      !errors.empty() &&
      std::all_of(errors.begin(), errors.end(), [](const FieldError& e) { return e.too_large; });
  Problem refused = problem(too_large ? 413 : 422, summary(errors));
  refused.errors = std::move(errors);
  return refused;
}

Problem invalid(std::string pointer, std::string detail) {
  FieldErrors errors;
  errors.push_back({std::move(pointer), std::move(detail)});
  return invalid(std::move(errors));
}

Problem problem_of(const Error& error) {
  switch (error.code) {
    case Errc::kInvalidArgument:
      return invalid("", error.context.empty() ? "is invalid" : error.context);
    case Errc::kNotFound:
      return problem(404, sentence(error.context, "Not found."));
    case Errc::kConflict:
      return problem(409, sentence(error.context, "The state does not allow this."));
    case Errc::kBusy: {
      Problem busy = problem(503, sentence(error.context, "Too much is waiting to be written."));
      busy.retry_after_s = kBusyRetryAfterS;
      busy.yielded = is_yielded(error);
      return busy;
    }
    case Errc::kUnavailable: {
      Problem down = problem(503, sentence(error.context, "Nothing can be written right now."));
      down.retry_after_s = kUnavailableRetryAfterS;
      return down;
    }
    case Errc::kCorrupt:
    case Errc::kInternal:
      break;
  }
  log::error("request failed", {{"reason", error.context}});
  return problem(500, "Something went wrong inside; the server's log says what.");
}

std::string request_id(const http::Request& request) {
  if (!request.id.empty()) return request.id;
  const std::string_view given = request.headers.get("X-Request-Id");
  if (is_request_id(given)) return std::string(given);
  // Nobody gains anything by guessing one.
  thread_local Prng random{crypto::random_u64()};  // tidy: mutable-static (a thread's own)
  return fmt::format("req_{:016x}{:08x}", random.next(), random.next() >> 32U);
}

http::Response to_response(const Problem& problem, const http::Request& request) {
  const std::string id = request_id(request);
  http::Response answer;
  answer.status = problem.status;
  answer.content_type = "application/problem+json";
  answer.headers.set("X-Request-Id", id);
  if (problem.retry_after_s) {
    answer.headers.set("Retry-After", std::to_string(*problem.retry_after_s));
  }
  if (problem.status == 401) answer.headers.set("WWW-Authenticate", "Bearer realm=\"postrider\"");
  json::JsonObject object(answer.body);
  object.text("type", fmt::format("urn:postrider:problem:{}", problem.kind))
      .text("title", title_of(problem.status))
      .number("status", problem.status)
      .text("detail", problem.detail)
      .text("request_id", id);
  if (problem.status == 422 || !problem.errors.empty()) {
    json::JsonArray errors(object.begin("errors"));
    for (const auto& error : problem.errors) {
      json::JsonObject(errors.next())
          .text("pointer", error.pointer)
          .text("detail", error.detail)
          .end();
    }
    errors.end();
  }
  object.end();
  return answer;
}

}  // namespace postrider::api
