// Buffers rows of a table for one insertion.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "store/copied_tables.h"
#include "store/postgres/pg_params.h"
#include "store/rows.h"

namespace postrider::postgres {

/// Stores rows column by column, as one statement inserts them. Owned by one thread.
class CopyBatch {
 public:
  explicit CopyBatch(const CopiedTable& table);

  /// The values must fit their columns; see copy/row_check.h.
  void add(CellRow row);
  void clear();
  [[nodiscard]] std::size_t rows() const { return rows_; }
  /// Returns the size of the text and bytea values.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  [[nodiscard]] const CopiedTable& table() const { return *table_; }
  /// Returns one array per column.
  [[nodiscard]] std::vector<Param> params() const;

 private:
  using Column = std::variant<
      Array<std::optional<std::int64_t>>,
      Array<std::optional<bool>>,
      Array<std::optional<std::string_view>>,
      Array<std::optional<Blob>>>;

  [[nodiscard]] static Column column_of(ColumnKind kind);

  const CopiedTable* table_;
  std::vector<Column> columns_;
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace postrider::postgres
