#include "app/postrider/table.h"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "base/assert.h"

namespace postrider::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kShrunkMin = 7;

}  // namespace

std::string readable_time(std::string_view rfc3339) {
  constexpr std::size_t kToSeconds = 19;
  if (rfc3339.size() < kToSeconds + 1 || rfc3339[10] != 'T' || !rfc3339.ends_with('Z')) {
    return std::string(rfc3339);
  }
  return fmt::format("{} {}Z", rfc3339.substr(0, 10), rfc3339.substr(11, 8));
}

std::string readable_duration(std::int64_t ms) {
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 120'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000.0);
  if (ms < 7'200'000) return fmt::format("{} min", ms / 60'000);
  return fmt::format("{} h", ms / 3'600'000);
}

void Table::add(std::vector<std::string> cells) {
  POSTRIDER_ASSERT(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

bool Table::shrink_widest(std::vector<std::size_t>& widths, Column::Cut cut) const {
  std::size_t widest = columns_.size();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::size_t least = std::max(kShrunkMin, display_width(columns_[i].title));
    if (columns_[i].cut != cut || widths[i] <= least) continue;
    if (widest == columns_.size() || widths[i] > widths[widest]) widest = i;
  }
  if (widest == columns_.size()) return false;
  --widths[widest];
  return true;
}

std::vector<std::size_t> Table::widths(std::size_t width) const {
  std::vector<std::size_t> widths;
  std::size_t total = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = display_width(columns_[i].title);
    for (const auto& row : rows_) widest = std::max(widest, display_width(row[i]));
    widths.push_back(widest);
    total += widest + kGap;
  }
  total -= kGap;
  for (const Column::Cut cut : {Column::kFirst, Column::kLast}) {
    while (width > 0 && total > width && shrink_widest(widths, cut)) --total;
  }
  return widths;
}

void Table::print(std::ostream& out, std::size_t width, std::string_view indent) const {
  const auto column_widths = widths(width > indent.size() ? width - indent.size() : 0);
  const auto print_row = [&](const auto& cell_of) {
    std::string line(indent);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto cut = columns_[i].keeps_end ? cut_middle_to_width : cut_to_width;
      const std::string cell = cut(cell_of(i), column_widths[i]);
      line += cell;
      if (i + 1 < columns_.size()) line.append(column_widths[i] - display_width(cell) + kGap, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    out << line << '\n';
  };
  print_row([&](std::size_t i) { return columns_[i].title; });
  for (const auto& row : rows_) print_row([&](std::size_t i) { return row[i]; });
}

}  // namespace postrider::cli
