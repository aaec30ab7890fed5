#include "store/postgres/copy_batch.h"

#include "base/assert.h"

namespace postrider::postgres {
namespace {

void add_cell(Array<std::optional<std::int64_t>>& column, const Cell& cell) {
  column.add(cell.integer);
}
void add_cell(Array<std::optional<bool>>& column, const Cell& cell) {
  column.add(cell.integer != 0);
}
void add_cell(Array<std::optional<std::string_view>>& column, const Cell& cell) {
  column.add(cell.bytes);
}
void add_cell(Array<std::optional<Blob>>& column, const Cell& cell) {
  column.add(Blob{cell.bytes});
}

}  // namespace

CopyBatch::CopyBatch(const CopiedTable& table) : table_(&table) { clear(); }

CopyBatch::Column CopyBatch::column_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBoolean:
      return Array<std::optional<bool>>{};
    case ColumnKind::kText:
      return Array<std::optional<std::string_view>>{};
    case ColumnKind::kBytes:
      return Array<std::optional<Blob>>{};
    case ColumnKind::kInteger:
    case ColumnKind::kInteger32:
      break;
  }
  return Array<std::optional<std::int64_t>>{};
}

void CopyBatch::clear() {
  columns_.clear();
  for (const CopiedColumn& column : table_->columns) columns_.push_back(column_of(column.kind));
  rows_ = 0;
  bytes_ = 0;
}

void CopyBatch::add(CellRow row) {
  POSTRIDER_ASSERT(row.size() == columns_.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    const Cell& cell = row[i];
    bytes_ += cell.bytes.size();
    std::visit(
        [&cell](auto& column) {
          if (cell.kind == Cell::Kind::kNull) {
            column.add(std::nullopt);
          } else {
            add_cell(column, cell);
          }
        },
        columns_[i]
    );
  }
  ++rows_;
}

std::vector<Param> CopyBatch::params() const {
  std::vector<Param> params;
  params.reserve(columns_.size());
  for (const Column& column : columns_)
    params.push_back(std::visit([](const auto& array) { return array.param(); }, column));
  return params;
}

}  // namespace postrider::postgres
