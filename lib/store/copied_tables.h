// What a copy of a database takes along: every table of product data with its columns, once for
// all databases.
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
  kBoolean,  ///< 0 or 1 where a database has no type of its own for it
  kText,     ///< UTF-8 without NUL
  kBytes,
};

struct CopiedColumn {
  std::string_view name;
  ColumnKind kind;
};

struct CopiedTable {
  std::string_view name;
  std::span<const CopiedColumn> columns;  ///< those of the primary key first
  std::size_t key_columns = 1;
  bool draws_ids = false;        ///< the database draws the ids of new rows
  std::string_view condition{};  ///< in SQL, on the rows that are copied; empty = all of them
};

/// In the order in which they can be filled.
[[nodiscard]] std::span<const CopiedTable> copied_tables();

/// "a", "b": the names of the first `count` columns, quoted as both databases take them.
[[nodiscard]] std::string column_list(const CopiedTable& table, std::size_t count);
/// Every row that is copied, in the order of its key, which is the same in both databases.
[[nodiscard]] std::string select_rows_sql(const CopiedTable& table);

/// A value as a database returns it.
struct Cell {
  enum class Kind : std::uint8_t { kNull, kInteger, kBytes };
  Kind kind = Kind::kNull;
  std::int64_t integer = 0;
  std::string_view bytes{};  ///< valid for as long as its row
};
/// A value for each column of a table.
using CellRow = std::span<const Cell>;
using TakeRow = std::function<Status(CellRow)>;

}  // namespace postrider
