// The tables that a copy of a database contains, with their columns. The list is the same for all
// databases.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace postrider {

enum class ColumnKind : std::uint8_t {
  kInteger,
  kInteger32,
  kBoolean,  ///< 0 or 1 if the database has no boolean type
  kText,     ///< UTF-8 without NUL
  kBytes,
};

struct CopiedColumn {
  std::string_view name;
  ColumnKind kind;
};

struct CopiedTable {
  std::string_view name;
  std::span<const CopiedColumn> columns;  ///< the columns of the primary key come first
  std::size_t key_columns = 1;
  bool draws_ids = false;        ///< the database assigns the ids of new rows
  std::string_view condition{};  ///< the SQL condition of copied rows; empty = all rows
};

/// Returns the tables in an order in which a copy can fill them.
[[nodiscard]] std::span<const CopiedTable> copied_tables();

/// Returns the names of the first `count` columns as "a", "b", quoted for both databases.
[[nodiscard]] std::string column_list(const CopiedTable& table, std::size_t count);
/// Returns a query of all copied rows in key order, which is the same in both databases.
[[nodiscard]] std::string select_rows_sql(const CopiedTable& table);

/// A value as a database returns it.
struct Cell {
  enum class Kind : std::uint8_t { kNull, kInteger, kBytes };
  Kind kind = Kind::kNull;
  std::int64_t integer = 0;
  std::string_view bytes{};  ///< valid as long as its row
};
/// One value per column of a table.
using CellRow = std::span<const Cell>;
using TakeRow = std::function<Status(CellRow)>;

}  // namespace postrider
