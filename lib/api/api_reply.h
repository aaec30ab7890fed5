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

/// A failure of a list: what is invalid there is the cursor.
[[nodiscard]] Problem list_problem(const Error& error);

/// Returns the instant back to which a list was examined when its page ended before `limit` rows.
[[nodiscard]] std::optional<WallTime> searched_until(
    std::size_t rows, std::size_t limit, std::string_view next_cursor
);

/// A page of a list as its response, where filters that no index serves can end a page early.
template <class T, class View>
[[nodiscard]] HandlerResult page_reply(
    const Result<Page<T>>& page, const PageParams& params, const View& view
) {
  if (!page) return fail(list_problem(page.error()));
  const auto searched = searched_until(page->rows.size(), params.limit, page->next_cursor);
  return json_response(200, filtered_page_view(*page, searched, view));
}

/// A page of a list as its response.
template <class T, class View>
[[nodiscard]] HandlerResult page_reply(const Result<Page<T>>& page, const View& view) {
  if (!page) return fail(list_problem(page.error()));
  return json_response(200, page_view(*page, view));
}

}  // namespace postrider::api
