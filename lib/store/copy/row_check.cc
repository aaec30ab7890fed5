#include "store/copy/row_check.h"

#include <limits>

#include "json/utf8.h"

namespace postrider::copy {
namespace {

/// Returns why a value does not fit its column, or nullptr if it fits.
const char* unfit(ColumnKind kind, const Cell& cell) {
  if (cell.kind == Cell::Kind::kNull) return nullptr;
  const bool wants_bytes = kind == ColumnKind::kText || kind == ColumnKind::kBytes;
  if (wants_bytes != (cell.kind == Cell::Kind::kBytes))
    return wants_bytes ? "is a number, not text" : "is not a whole number";
  switch (kind) {
    case ColumnKind::kText:
      if (cell.bytes.find('\0') != std::string_view::npos)
        return "holds a NUL, which text of PostgreSQL cannot";
      if (!json::is_utf8(cell.bytes)) return "is not UTF-8, which text of PostgreSQL has to be";
      return nullptr;
    case ColumnKind::kInteger32:
      if (cell.integer < std::numeric_limits<std::int32_t>::min() ||
          cell.integer > std::numeric_limits<std::int32_t>::max())
        return "is out of the range of its column";
      return nullptr;
    case ColumnKind::kBoolean:
      return cell.integer == 0 || cell.integer == 1 ? nullptr : "is neither 0 nor 1";
    case ColumnKind::kInteger:
    case ColumnKind::kBytes:
      break;
  }
  return nullptr;
}

/// Returns the value for people, with a question mark for each byte that is not printable ASCII.
std::string shown(const Cell& cell) {
  if (cell.kind == Cell::Kind::kInteger) return std::to_string(cell.integer);
  std::string text{cell.bytes};
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return "'" + text + "'";
}

std::string key_of(const CopiedTable& table, CellRow row) {
  std::string key;
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    if (i > 0) key += ", ";
    key += table.columns[i].name;
    key += " = " + shown(row[i]);
  }
  return key;
}

}  // namespace

Status check_row(const CopiedTable& table, CellRow row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const CopiedColumn& column = table.columns[i];
    const char* const why = unfit(column.kind, row[i]);
    if (why == nullptr) continue;
    return fail(
        Errc::kInvalidArgument,
        "the row with " + key_of(table, row) + " of the table " + std::string{table.name} +
            " cannot be copied: its " + std::string{column.name} + ' ' + why
    );
  }
  return {};
}

}  // namespace postrider::copy
