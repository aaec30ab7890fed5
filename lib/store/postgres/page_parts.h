// Builds pages of lists from several statements. The rows of a statement arrive all at once, and
// filters that no index serves may need more rows than a page has.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/cursors.h"

namespace postrider::postgres {

inline constexpr std::size_t kPagePartMax = 1000;

/// The position of a row, its cursor, and whether the page wants it.
template <class T, class Where>
struct Looked {
  Where place;
  std::string cursor;
  bool wanted = true;
};

/// Reads parts of growing size until the page is complete. `fetch(place, rows_max)` returns a
/// Result of the rows after a position. `look(row)` returns the Looked of a row.
template <class T, class Where, class Fetch, class Look>
[[nodiscard]] Result<Page<T>> page_in_parts(
    std::size_t limit, Where place, const Fetch& fetch, const Look& look
) {
  PageBuilder<T> page(limit);
  // One row more than the limit shows whether there is a next page.
  std::size_t part = limit + 1;
  bool more = true;
  while (more && page.wants_more()) {
    auto rows = fetch(place, part);
    if (!rows) return tl::unexpected<Error>(rows.error());
    for (T& row : *rows) {
      if (!page.wants_more()) break;
      Looked<T, Where> looked = look(row);
      place = looked.place;
      page.look_at(std::move(looked.cursor), looked.wanted, std::move(row));
    }
    more = rows->size() == part;
    part = std::min(part * 4, std::max(part, kPagePartMax));
  }
  return page.take();
}

/// Returns a page of rows with an id, newest first, without a filter.
template <class T, class Fetch>
[[nodiscard]] Result<Page<T>> page_by_id(const PageParams& params, const Fetch& fetch) {
  const auto before = id_before(params.cursor, kIdMax);
  if (!before) return tl::unexpected<Error>(before.error());
  return page_in_parts<T>(params.limit, *before, fetch, [](const T& row) {
    return Looked<T, std::int64_t>{row.id.value, id_cursor(row.id.value)};
  });
}

}  // namespace postrider::postgres
