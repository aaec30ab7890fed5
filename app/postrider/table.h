// Text for people: tables and values that cannot harm a terminal.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

/// Printable ASCII as it is, every other byte as \n, \t or \xNN: nothing a stranger sent reaches
/// the terminal as a control sequence.
[[nodiscard]] std::string printable(std::string_view bytes);

/// `2026-01-01T00:00:00.000Z` as `2026-01-01 00:00:00Z`; other texts come back as they are.
[[nodiscard]] std::string readable_time(std::string_view rfc3339);

/// `12 ms`, `3.4 s`, `5 min`.
[[nodiscard]] std::string readable_duration(std::int64_t ms);

/// Aligned columns. Cells are made printable.
class Table {
 public:
  struct Column {
    std::string title;
    bool shrinks = false;  ///< cut when the table is wider than the terminal; ids never are
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// `width` 0 = nothing is cut.
  void print(std::ostream& out, std::size_t width, std::string_view indent = {}) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace postrider::cli
