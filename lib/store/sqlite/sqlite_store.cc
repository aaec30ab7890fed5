#include "store/sqlite/sqlite_store.h"

#include <algorithm>

#include "store/sqlite/database_file.h"
#include "store/sqlite/sql_file.h"

namespace postrider::sqlite {
namespace {

/// Ids are reserved this far ahead, so that meta is written at most once a second. After a restart
/// within that second, ids are ahead of the clock by the rest of it.
constexpr std::int64_t kIdsReserved = 1000LL << static_cast<int>(kIdCountBits);
/// The lead is stored in steps, so that a clock that stays behind does not write meta every time.
constexpr std::int64_t kLeadStepMs = 1000;
/// A commit checkpoints if the log has grown by more than this many pages since the last attempt:
/// 128 MiB.
constexpr int kWalPagesMax = 32'768;

// SQLite calls the hook within sqlite3_step(COMMIT), on the thread of the store.
int note_wal_pages(void* pages_count, sqlite3* /*db*/, const char* /*name*/, int pages) {
  *static_cast<int*>(pages_count) = pages;
  return SQLITE_OK;
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path) {
  auto db = open_writable(path);
  if (!db) return tl::unexpected<Error>(db.error());
  const auto last = (*db)->one(sql::kLargestId, [](const Row& row) { return row.i64(0); });
  if (!last) {
    // open_writable() has not read the damaged page. SQLite's message does not name the file.
    Error error = last.error();
    error.context = path + ": " + error.context;
    return tl::unexpected<Error>(std::move(error));
  }
  return std::unique_ptr<SqliteStore>{new SqliteStore(std::move(*db), last->value_or(0))};
}

SqliteStore::SqliteStore(std::unique_ptr<Db> db, std::int64_t last_id)
    : db_(std::move(db)), ids_(last_id) {
  sqlite3_wal_hook(db_->handle(), note_wal_pages, &wal_pages_);
}

SqliteStore::~SqliteStore() {
  rollback();
  sqlite3_wal_hook(db_->handle(), nullptr, nullptr);
}

Status SqliteStore::begin() { return db_->run(sql::kBeginWrite); }

Status SqliteStore::commit() {
  auto status = db_->run(sql::kCommit);
  if (!status) {
    rollback();
    return status;
  }
  // Without a Checkpointer, some commits are slow, but the log does not grow without bound.
  if (wal_pages_ - wal_pages_checkpointed_ > kWalPagesMax) checkpoint_pages();
  return {};
}

void SqliteStore::rollback() {
  // SQLite may have ended the transaction itself, for example on a full disk. If ROLLBACK fails,
  // the next BEGIN fails too.
  if (db_->in_transaction()) static_cast<void>(db_->run(sql::kRollback).has_value());
  watermark_ = {};
}

Status SqliteStore::savepoint() { return db_->run(sql::kSavepoint); }

Status SqliteStore::release_savepoint() { return db_->run(sql::kReleaseSavepoint); }

void SqliteStore::rollback_to_savepoint() {
  watermark_ = {};
  if (!db_->in_transaction()) return;
  // ROLLBACK TO keeps the savepoint and RELEASE ends it. If either fails, the whole transaction is
  // rolled back: commit() would otherwise keep changes that were to be undone.
  if (!db_->run(sql::kRollbackToSavepoint) || !db_->run(sql::kReleaseSavepoint)) rollback();
}

bool SqliteStore::in_transaction() const { return db_->in_transaction(); }

Result<std::int64_t> SqliteStore::draw_id(WallTime now) {
  const std::int64_t id = ids_.next(now);
  const std::int64_t lead_ms = (id >> static_cast<int>(kIdCountBits)) - unix_ms(now);
  if (id > watermark_.reserved || lead_ms > watermark_.lead_ms) {
    if (auto status = raise_marks(id, lead_ms); !status)
      return tl::unexpected<Error>(status.error());
  }
  return id;
}

// A rollback may also undo writes of meta, so it forgets the watermark. The next draw writes meta
// again; the stored values never decrease.
Status SqliteStore::raise_marks(std::int64_t id, std::int64_t lead_ms) {
  if (id > watermark_.reserved) {
    const std::int64_t reserved = id + kIdsReserved;
    auto status = db_->run(sql::kRaiseMetaValue, reserved, "id_reserved");
    if (!status) return status;
    watermark_.reserved = reserved;
  }
  if (lead_ms > watermark_.lead_ms) {
    const std::int64_t lead = (lead_ms / kLeadStepMs + 1) * kLeadStepMs;
    auto status = db_->run(sql::kRaiseMetaValue, lead, "id_lead_ms");
    if (!status) return status;
    watermark_.lead_ms = lead;
  }
  return {};
}

void SqliteStore::checkpoint_pages() {
  int pages = 0;
  int moved = 0;
  // A failed checkpoint is tried again after the log has grown as much again.
  static_cast<void>(
      sqlite3_wal_checkpoint_v2(db_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved)
  );
  // If all pages are in the database, the next commit restarts the log, unless a reader needs it.
  wal_pages_checkpointed_ = pages == moved ? 0 : std::max(pages, 0);
}

Status SqliteStore::write_probe(WallTime now) { return db_->run(sql::kWriteProbe, now); }

Status SqliteStore::release_space() {
  const auto free_pages = db_->one(sql::kFreePages, [](const Row& row) { return row.i64(0); });
  if (!free_pages) return tl::unexpected<Error>(free_pages.error());
  return free_pages->value_or(0) > 0 ? db_->run(sql::kVacuumChunk) : Status{};
}

SqliteCheckpointer::SqliteCheckpointer(std::unique_ptr<Db> db) : db_(std::move(db)) {}
SqliteCheckpointer::~SqliteCheckpointer() = default;

Result<std::unique_ptr<SqliteCheckpointer>> SqliteCheckpointer::open(const std::string& path) {
  auto db = open_writable(path);
  if (!db) return tl::unexpected<Error>(db.error());
  return std::unique_ptr<SqliteCheckpointer>{new SqliteCheckpointer(std::move(*db))};
}

Status SqliteCheckpointer::checkpoint() {
  const int code = sqlite3_wal_checkpoint_v2(
      db_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr
  );
  // Busy means that another connection is already checkpointing.
  if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) return {};
  return tl::unexpected<Error>(db_->error(code, "checkpoint"));
}

}  // namespace postrider::sqlite
