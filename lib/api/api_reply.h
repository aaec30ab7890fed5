// Answers of handlers, and how failures of the service become problems. Private to lib/api.
#pragma once

#include <string>

#include "api/problem.h"
#include "api/views.h"

namespace postrider::api {

[[nodiscard]] http::Answer json_answer(int status, std::string body);
[[nodiscard]] http::Answer no_content();

/// A failure of a list: what is invalid there is the cursor.
[[nodiscard]] Problem list_problem(const Error& error);

/// A page of a list as its answer.
template <class T, class View>
[[nodiscard]] Reply page_reply(const Result<Page<T>>& page, const View& view) {
  if (!page) return refuse(list_problem(page.error()));
  return json_answer(200, page_view(*page, view));
}

}  // namespace postrider::api
