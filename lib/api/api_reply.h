// Responses of handlers, and how failures of the service become problems. Private to lib/api.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/problem.h"
#include "api/views.h"

namespace postrider::api {

[[nodiscard]] http::Response json_response(int status, std::string body);
[[nodiscard]] http::Response no_content();

/// The problem of a failed list. kInvalidArgument means that the cursor is invalid.
[[nodiscard]] Problem list_problem(const Error& error);

/// Returns the instant back to which a list was examined when its page ended before `limit` rows.
[[nodiscard]] std::optional<WallTime> searched_until(
    std::size_t rows, std::size_t limit, std::string_view next_cursor
);

/// The response of a list whose page may end early because no index serves its filters.
template <class T, class View>
[[nodiscard]] HandlerResult page_reply(
    const Result<Page<T>>& page, const PageParams& params, const View& view
) {
  if (!page) return fail(list_problem(page.error()));
  const auto searched = searched_until(page->rows.size(), params.limit, page->next_cursor);
  return json_response(200, filtered_page_view(*page, searched, view));
}

/// The response of a list.
template <class T, class View>
[[nodiscard]] HandlerResult page_reply(const Result<Page<T>>& page, const View& view) {
  if (!page) return fail(list_problem(page.error()));
  return json_response(200, page_view(*page, view));
}

}  // namespace postrider::api
