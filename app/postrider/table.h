// Formats text for people: tables, times and durations.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "app/postrider/terminal_text.h"

namespace postrider::cli {

/// Formats `2026-01-01T00:00:00.000Z` as `2026-01-01 00:00:00Z`; returns other texts unchanged.
[[nodiscard]] std::string readable_time(std::string_view rfc3339);

/// Returns a text such as `12 ms`, `3.4 s` or `5 min`.
[[nodiscard]] std::string readable_duration(std::int64_t ms);

/// A table with aligned columns, measured in columns of a terminal. Control characters in cells are
/// escaped.
class Table {
 public:
  struct Column {
    enum Cut { kNever, kFirst, kLast };  ///< kNever for ids; kLast after all kFirst columns are cut

    std::string title;
    Cut cut = kNever;        ///< cut if the table is too wide
    bool keeps_end = false;  ///< a long text is cut in its middle
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// With `width` 0 nothing is cut.
  void print(std::ostream& out, std::size_t width, std::string_view indent = {}) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t width) const;
  /// Shrinks the widest column with that `cut` by one character; returns false if none can shrink.
  [[nodiscard]] bool shrink_widest(std::vector<std::size_t>& widths, Column::Cut cut) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace postrider::cli
