#include "store/postgres/pg_store.h"

#include <utility>

#include "store/postgres/database.h"
#include "store/postgres/sql_database.h"
#include "store/postgres/sql_session.h"
#include "store/postgres/transaction.h"

namespace postrider::postgres {
namespace {

/// Ids are reserved this far ahead, so that meta is written once a second at most. After a restart
/// within that second ids run ahead of the clock by what is left of it.
constexpr std::int64_t kIdsReserved = 1000LL << static_cast<int>(kIdCountBits);
/// The lead is stored in steps, so that a clock that stays behind does not write meta every time.
constexpr std::int64_t kLeadStepMs = 1000;

}  // namespace

Result<std::unique_ptr<PgStore>> PgStore::open(const std::string& url) {
  auto db = open_writable(url);
  if (!db) return tl::unexpected<Error>(db.error());
  std::unique_ptr<PgStore> store{new PgStore(std::move(*db))};
  if (auto owned = store->become_writer(); !owned) return tl::unexpected<Error>(owned.error());
  return store;
}

PgStore::PgStore(std::unique_ptr<Connection> db)
    : db_(std::move(db)), transaction_(std::make_unique<Transaction>(*db_)), ids_(0) {}

PgStore::~PgStore() { rollback(); }

Status PgStore::ready() { return transaction_->ensure_session(); }

Status PgStore::lock_schema() {
  auto locked = db_->run(sql::kLockSchema);
  if (!locked && locked.error().code == Errc::kBusy)
    locked.error().context = "another node has the schema " + db_->schema() + " of this database";
  return locked;
}

Status PgStore::become_writer() {
  if (auto locked = lock_schema(); !locked) return locked;
  db_->queue(sql::kNextWriter);
  db_->queue(sql::kLargestId);
  const auto rows = db_->exchange();
  if (!rows) return tl::unexpected<Error>(rows.error());
  writer_ = rows->front().row(0).i64(0);
  ids_ = IdSequence{rows->back().row(0).i64(0)};
  note_session();
  return {};
}

void PgStore::note_session() {
  session_ = db_->session();
  process_ = db_->process();
}

Status PgStore::stay_writer() {
  // The server may not have noticed yet that the session is over.
  db_->queue(sql::kEndProcess, process_);
  if (auto locked = lock_schema(); !locked) return locked;
  const auto writer = db_->one(sql::kWriter, [](const Row& row) { return row.i64(0); });
  if (writer && *writer == writer_) {
    note_session();
    return {};
  }
  // Whoever can write may have the lock.
  Status unlocked = db_->run(sql::kUnlockSchema);
  if (!writer) return tl::unexpected<Error>(writer.error());
  if (!unlocked) return unlocked;
  return fail(
      Errc::kUnavailable,
      "another node has written to the schema " + db_->schema() + " since; this one has to be " +
          "started again"
  );
}

Status PgStore::begin() {
  auto status = transaction_->begin();
  if (!status || db_->session() == session_) return status;
  // The lock has ended with the session before.
  status = stay_writer();
  if (!status) rollback();
  return status;
}

Status PgStore::commit() {
  auto status = transaction_->commit();
  if (!status) rollback();
  return status;
}

// Marks are forgotten with every rollback, since meta may have gone back with it: written again at
// the next draw, they only ever rise.
void PgStore::rollback() {
  transaction_->rollback();
  marks_ = {};
}

Status PgStore::savepoint() { return transaction_->savepoint(); }

Status PgStore::release_savepoint() { return transaction_->release_savepoint(); }

void PgStore::rollback_to_savepoint() {
  transaction_->rollback_to_savepoint();
  marks_ = {};
}

bool PgStore::in_transaction() const { return transaction_->is_open(); }

std::int64_t PgStore::draw_id(WallTime now) {
  const std::int64_t id = ids_.next(now);
  const std::int64_t lead_ms = (id >> static_cast<int>(kIdCountBits)) - unix_ms(now);
  if (id > marks_.reserved) {
    marks_.reserved = id + kIdsReserved;
    db_->queue(sql::kRaiseMetaValue, marks_.reserved, "id_reserved");
  }
  if (lead_ms > marks_.lead_ms) {
    marks_.lead_ms = (lead_ms / kLeadStepMs + 1) * kLeadStepMs;
    db_->queue(sql::kRaiseMetaValue, marks_.lead_ms, "id_lead_ms");
  }
  return id;
}

Status PgStore::write_probe(WallTime now) { return db_->run(sql::kWriteProbe, now); }

// The server gives space back by itself.
Status PgStore::release_space() { return {}; }

}  // namespace postrider::postgres
