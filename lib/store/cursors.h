// Pages of lists and the text of their cursors: numbers in base 36, joined by points.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/limits.h"
#include "store/records.h"

namespace postrider {

inline constexpr std::int64_t kIdMax = std::numeric_limits<std::int64_t>::max();

/// A position in a list that is ordered by instant and id.
struct ListPosition {
  std::int64_t at_ms = 0;
  std::int64_t id = 0;
};

[[nodiscard]] std::string id_cursor(std::int64_t id);
[[nodiscard]] std::string position_cursor(const ListPosition& place);

/// Returns the id that `cursor` names, or `first` if `cursor` is empty. kInvalidArgument if the
/// cursor is invalid.
[[nodiscard]] Result<std::int64_t> id_before(std::string_view cursor, std::int64_t first);
[[nodiscard]] Result<ListPosition> position_at(std::string_view cursor, const ListPosition& first);

/// Builds a page from rows that are examined one by one. The page ends at its limit, or when
/// limits::kListScanRowsMax rows have been examined.
template <class T>
class PageBuilder {
 public:
  explicit PageBuilder(std::size_t limit) : limit_(limit) {}

  [[nodiscard]] bool wants_more() const { return !ended_; }

  /// Examines a row, and adds it to the page if it is wanted. `cursor` is the position of the row:
  /// if the page ends with it, the next page starts after it.
  void look_at(std::string cursor, bool wanted, T row) {
    ++looked_at_;
    if (wanted && page_.rows.size() == limit_) {
      // The row exceeds the limit, so there is a next page. It starts after the row that was
      // examined before this one.
      page_.next_cursor = std::move(last_);
      ended_ = true;
      return;
    }
    if (wanted) page_.rows.push_back(std::move(row));
    last_ = std::move(cursor);
    if (looked_at_ == limits::kListScanRowsMax) {
      page_.next_cursor = last_;
      ended_ = true;
    }
  }

  [[nodiscard]] Page<T> take() { return std::move(page_); }

 private:
  const std::size_t limit_;
  Page<T> page_;
  std::string last_;
  std::size_t looked_at_ = 0;
  bool ended_ = false;
};

}  // namespace postrider
