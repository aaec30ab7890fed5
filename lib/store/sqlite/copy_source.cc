#include "store/sqlite/copy_source.h"

#include <utility>
#include <vector>

#include "store/sqlite/database_file.h"
#include "store/sqlite/sql_file.h"
#include "store/sqlite/sqlite_db.h"

namespace postrider::sqlite {
namespace {

void read_cells(const Row& row, std::vector<Cell>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const int column = static_cast<int>(i);
    if (row.is_null(column)) {
      cells[i] = {};
    } else if (row.is_integer(column)) {
      cells[i] = {.kind = Cell::Kind::kInteger, .integer = row.i64(column)};
    } else {
      cells[i] = {.kind = Cell::Kind::kBytes, .bytes = row.view(column)};
    }
  }
}

}  // namespace

Result<std::unique_ptr<CopySource>> CopySource::open(const std::string& path) {
  // If there is nothing to copy, neither a database nor a lock file is created.
  if (const auto found = open_readable(path); !found) return tl::unexpected<Error>(found.error());
  auto lock = DatabaseLock::take(path);
  if (!lock) return tl::unexpected<Error>(std::move(lock).error());
  auto db = open_writable(path);
  if (!db) return tl::unexpected<Error>(std::move(db).error());
  if (auto begun = (*db)->run(sql::kBeginWrite); !begun) {
    Error error = begun.error();
    error.context = path + ": " + error.context;
    return tl::unexpected<Error>(std::move(error));
  }
  return std::unique_ptr<CopySource>{new CopySource(std::move(*lock), std::move(*db))};
}

CopySource::CopySource(DatabaseLock lock, std::unique_ptr<Db> db)
    : lock_(std::move(lock)), db_(std::move(db)) {}

CopySource::~CopySource() {
  // Nothing was written, so a failed rollback can be ignored.
  static_cast<void>(db_->run(sql::kRollback).has_value());
}

Result<std::int64_t> CopySource::id_salt() {
  const auto salt = db_->one(
      sql::kMetaValue, [](const Row& row) { return row.i64(0); }, "id_salt"
  );
  if (!salt) return tl::unexpected<Error>(salt.error());
  if (!*salt) return fail(Errc::kCorrupt, "the database has lost its id_salt");
  return **salt;
}

Status CopySource::each(const CopiedTable& table, std::int64_t skip, const TakeRow& take) {
  std::string& sql = selects_[&table];
  // SQLite passes the skipped rows without reading their values.
  if (sql.empty()) sql = select_rows_sql(table) + "\nLIMIT -1 OFFSET :skip";
  std::vector<Cell> cells(table.columns.size());
  auto rows = db_->query(sql, skip);
  while (rows.next()) {
    read_cells(rows.row(), cells);
    if (auto taken = take(cells); !taken) return taken;
  }
  if (!rows.ok()) return rows.error();
  return {};
}

}  // namespace postrider::sqlite
