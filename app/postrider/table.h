// Text for people: tables, times and durations.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "app/postrider/terminal_text.h"

namespace postrider::cli {

/// `2026-01-01T00:00:00.000Z` as `2026-01-01 00:00:00Z`; other texts come back as they are.
[[nodiscard]] std::string readable_time(std::string_view rfc3339);

/// `12 ms`, `3.4 s`, `5 min`.
[[nodiscard]] std::string readable_duration(std::int64_t ms);

/// Aligned columns, measured as a terminal shows them. Cells are made printable.
class Table {
 public:
  struct Column {
    enum Cut { kNever, kFirst, kLast };  ///< ids never; kLast once the others have shrunk

    std::string title;
    Cut cut = kNever;        ///< where the table is too wide
    bool keeps_end = false;  ///< what is too long is cut in its middle
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// `width` 0 = nothing is cut.
  void print(std::ostream& out, std::size_t width, std::string_view indent = {}) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t width) const;
  /// Takes one character from the widest column with that `cut`; false if none can give one.
  [[nodiscard]] bool shrink_widest(std::vector<std::size_t>& widths, Column::Cut cut) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace postrider::cli
