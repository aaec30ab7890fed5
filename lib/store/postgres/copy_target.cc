#include "store/postgres/copy_target.h"

#include <utility>
#include <vector>

#include "store/postgres/database.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/sql_copy.h"
#include "store/postgres/sql_database.h"
#include "store/postgres/sql_nodes.h"
#include "store/postgres/transaction.h"

namespace postrider::postgres {
namespace {

/// The transactions of a copy belong to no node.
constexpr std::int64_t kNoNode = 0;

std::string_view array_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBoolean:
      return "boolean[]";
    case ColumnKind::kText:
      return "text[]";
    case ColumnKind::kBytes:
      return "bytea[]";
    case ColumnKind::kInteger:
    case ColumnKind::kInteger32:
      break;
  }
  return "bigint[]";
}

/// Returns an insertion with one array parameter per column.
std::string insert_sql(const CopiedTable& table) {
  const std::string columns = column_list(table, table.columns.size());
  std::string sql = "INSERT INTO " + std::string{table.name} + " (" + columns + ")\n";
  if (table.draws_ids) sql += "OVERRIDING SYSTEM VALUE\n";
  sql += "SELECT " + columns + "\nFROM unnest(";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i > 0) sql += ", ";
    sql += ":c" + std::to_string(i) + "::";
    sql += array_of(table.columns[i].kind);
  }
  return sql + ") AS copied (" + columns + ")";
}

std::string continue_ids_sql(const CopiedTable& table) {
  const std::string name{table.name};
  return "SELECT setval(pg_get_serial_sequence('" + name +
         "', 'id'), newest.id) FROM (SELECT id FROM " + name +
         " ORDER BY id DESC LIMIT 1) AS newest";
}

/// Leaves out `outbox` and `meta`: the last transaction fills them, so earlier rows in them are not
/// from the copy.
std::string remove_rows_sql() {
  std::string names;
  for (const CopiedTable& table : copied_tables()) {
    if (table.name == "outbox" || table.name == "meta") continue;
    names += (names.empty() ? "" : ", ") + std::string{table.name};
  }
  return "TRUNCATE " + names;
}

void read_cells(const Row& row, const CopiedTable& table, std::vector<Cell>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const int column = static_cast<int>(i);
    const ColumnKind kind = table.columns[i].kind;
    if (row.is_null(column)) {
      cells[i] = {};
    } else if (kind == ColumnKind::kText || kind == ColumnKind::kBytes) {
      cells[i] = {.kind = Cell::Kind::kBytes, .bytes = row.view(column)};
    } else {
      cells[i] = {.kind = Cell::Kind::kInteger, .integer = row.i64(column)};
    }
  }
}

}  // namespace

Result<std::unique_ptr<CopyTarget>> CopyTarget::open(const std::string& url) {
  auto db = open_new(url);
  if (!db) return tl::unexpected<Error>(std::move(db).error());
  if (auto locked = (*db)->run(sql::kLockCopy); !locked) {
    if (locked.error().code == Errc::kBusy)
      locked.error().context = "another copy into the schema " + (*db)->schema() + " is under way";
    return tl::unexpected<Error>(locked.error());
  }
  if (auto set = (*db)->run(sql::kSetUpCopy); !set) return tl::unexpected<Error>(set.error());
  return std::unique_ptr<CopyTarget>{new CopyTarget(std::move(*db))};
}

CopyTarget::CopyTarget(std::unique_ptr<Connection> db)
    : db_(std::move(db)),
      transaction_(std::make_unique<Transaction>(*db_, kNoNode)),
      session_(db_->session()),
      remove_rows_sql_(remove_rows_sql()) {}

CopyTarget::~CopyTarget() { rollback(); }

const std::string& CopyTarget::schema() const { return db_->schema(); }

Result<std::optional<CopyMark>> CopyTarget::mark() {
  return db_->one(sql::kCopyMark, [](const Row& row) {
    return CopyMark{.salt = row.i64(0), .content = row.i64(1)};
  });
}

Result<std::int64_t> CopyTarget::id_salt() {
  const auto salt = db_->one(
      sql::kMetaValue, [](const Row& row) { return row.i64(0); }, "id_salt"
  );
  if (!salt) return tl::unexpected<Error>(salt.error());
  return salt->value_or(0);
}

Result<std::int64_t> CopyTarget::number(std::string_view sql) {
  std::int64_t found = 0;
  return db_->each(sql, [&](const Row& row) { found = row.i64(0); }).map([&] { return found; });
}

Result<bool> CopyTarget::has_rows(const CopiedTable& table) {
  return number("SELECT EXISTS (SELECT 1 FROM " + std::string{table.name} + ")::int")
      .map([](std::int64_t exists) { return exists != 0; });
}

Result<std::int64_t> CopyTarget::count(const CopiedTable& table) {
  return number("SELECT count(*) FROM " + std::string{table.name});
}

Status CopyTarget::each(const CopiedTable& table, const std::function<void(CellRow row)>& take) {
  std::vector<Cell> cells(table.columns.size());
  return db_->each(select_rows_sql(table), [&](const Row& row) {
    read_cells(row, table, cells);
    take(cells);
  });
}

Status CopyTarget::begin() {
  auto begun = transaction_->begin();
  if (!begun || db_->session() == session_) return begun;
  // The advisory lock has ended with the earlier session.
  rollback();
  return fail(Errc::kUnavailable, "the session with PostgreSQL has ended");
}

Status CopyTarget::refuse_nodes() {
  const auto has_nodes = db_->one(sql::kHasNodes, [](const Row& row) { return row.boolean(0); });
  if (!has_nodes) return tl::unexpected<Error>(has_nodes.error());
  if (!has_nodes->value_or(false)) return {};
  return fail(
      Errc::kBusy,
      "a node serves the schema " + db_->schema() + " or stands by; one that was killed counts " +
          "until its lease has ended"
  );
}

Status CopyTarget::keep_nodes_out() {
  db_->queue(sql::kLockNodes);
  db_->queue(sql::kRemoveAllEnded);
  return refuse_nodes();
}

Status CopyTarget::remove_rows() { return db_->run(remove_rows_sql_); }

Status CopyTarget::set_mark(const CopyMark& mark) {
  return db_->run(sql::kSetCopyMark, mark.salt, mark.content);
}

Status CopyTarget::write(const CopyBatch& batch) {
  std::string& sql = inserts_[&batch.table()];
  if (sql.empty()) sql = insert_sql(batch.table());
  db_->queue_params(sql, batch.params());
  return db_->exchange().map([](const auto&) {});
}

Status CopyTarget::lock_outbox() { return db_->run(sql::kLockOutbox); }

Status CopyTarget::remove_meta() { return db_->run(sql::kRemoveOwnMeta); }

Status CopyTarget::continue_ids(const CopiedTable& table) {
  return number(continue_ids_sql(table)).map([](std::int64_t) {});
}

Status CopyTarget::remove_mark() { return db_->run(sql::kRemoveCopyMark); }

Status CopyTarget::commit() {
  auto committed = transaction_->commit();
  if (!committed) rollback();
  return committed;
}

void CopyTarget::rollback() { transaction_->rollback(); }

}  // namespace postrider::postgres
