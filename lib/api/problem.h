// Error responses: RFC 9457, `application/problem+json`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "base/error.h"
#include "domain/field_error.h"
#include "http/message.h"

namespace postrider::api {

/// An error response. `kind` is the last part of the problem's `type`.
struct Problem {
  int status = 500;
  std::string_view kind;
  std::string detail;
  FieldErrors errors;                ///< of a 413 or 422
  std::optional<int> retry_after_s;  ///< the header Retry-After
  bool yielded = false;              ///< see is_yielded(): the request may be handled again
};

/// The response of a handler, or the problem that becomes its response.
using HandlerResult = tl::expected<http::Response, Problem>;
/// A value that a handler needs, or the problem that becomes the response.
template <class T>
using ApiResult = tl::expected<T, Problem>;

/// A problem with that status and its kind.
[[nodiscard]] Problem problem(int status, std::string detail);
/// 422, or 413 if all errors are about size.
[[nodiscard]] Problem invalid(FieldErrors errors);
[[nodiscard]] Problem invalid(std::string pointer, std::string detail);
/// The problem of a failed operation. It contains no internal details.
[[nodiscard]] Problem problem_of(const Error& error);

[[nodiscard]] inline tl::unexpected<Problem> fail(Problem reason) {
  return tl::unexpected<Problem>(std::move(reason));
}
[[nodiscard]] inline tl::unexpected<Problem> fail(const Error& error) {
  return tl::unexpected<Problem>(problem_of(error));
}

/// Makes a sentence of the context of an error, which is a clause. `otherwise`: returned if it is
/// empty.
[[nodiscard]] std::string sentence(std::string_view clause, std::string_view otherwise = {});

/// The title of a status.
[[nodiscard]] std::string_view title_of(int status);

/// The id of a request in responses and logs: the client's X-Request-Id if it has 1 to 128 of
/// `A-Za-z0-9._:/+=@-`, else a random one.
[[nodiscard]] std::string request_id(const http::Request& request);

[[nodiscard]] http::Response to_response(const Problem& problem, const http::Request& request);

}  // namespace postrider::api
