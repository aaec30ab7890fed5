#include "app/postrider/table.h"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "base/assert.h"

namespace postrider::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kShrunkMin = 8;
constexpr std::string_view kCut = "...";

std::string fitted(const std::string& cell, std::size_t width) {
  if (cell.size() <= width) return cell;
  return cell.substr(0, width - kCut.size()) + std::string(kCut);
}

}  // namespace

std::string printable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

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

std::vector<std::size_t> Table::widths(std::size_t width) const {
  std::vector<std::size_t> widths;
  std::size_t total = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = columns_[i].title.size();
    for (const auto& row : rows_) widest = std::max(widest, row[i].size());
    widths.push_back(widest);
    total += widest + kGap;
  }
  total -= kGap;
  while (width > 0 && total > width) {
    // The widest column that may shrink gives one character; ids and states stay whole.
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool can =
          columns_[i].shrinks && widths[i] > std::max(kShrunkMin, columns_[i].title.size());
      if (can && (widest == columns_.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
    --total;
  }
  return widths;
}

void Table::print(std::ostream& out, std::size_t width, std::string_view indent) const {
  const auto column_widths = widths(width > indent.size() ? width - indent.size() : 0);
  const auto print_row = [&](const auto& cell_of) {
    std::string line(indent);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string cell = fitted(cell_of(i), column_widths[i]);
      line += cell;
      if (i + 1 < columns_.size()) line.append(column_widths[i] - cell.size() + kGap, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    out << line << '\n';
  };
  print_row([&](std::size_t i) { return columns_[i].title; });
  for (const auto& row : rows_) print_row([&](std::size_t i) { return row[i]; });
}

}  // namespace postrider::cli
