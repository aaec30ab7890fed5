#include "store/postgres/pg_store.h"

#include <utility>

#include "store/postgres/database.h"
#include "store/postgres/sql_database.h"
#include "store/postgres/sql_nodes.h"
#include "store/postgres/sql_session.h"
#include "store/postgres/transaction.h"

namespace postrider::postgres {
namespace {

/// Ids are reserved this far ahead, so that meta is written at most once a second. After a restart
/// within that second, ids are ahead of the clock by the rest of it.
constexpr std::int64_t kIdsReserved = 1000LL << static_cast<int>(kIdCountBits);
/// The lead is stored in steps, so that a clock that stays behind does not write meta every time.
constexpr std::int64_t kLeadStepMs = 1000;

}  // namespace

Result<std::unique_ptr<PgStore>> PgStore::open(const std::string& url, std::int64_t node) {
  auto db = open_writable(url);
  if (!db) return tl::unexpected<Error>(db.error());
  if (auto whole = refuse_unfinished_copy(**db); !whole)
    return tl::unexpected<Error>(whole.error());
  std::unique_ptr<PgStore> store{new PgStore(std::move(*db), node)};
  if (auto loaded = store->load(); !loaded) return tl::unexpected<Error>(loaded.error());
  return store;
}

PgStore::PgStore(std::unique_ptr<Connection> db, std::int64_t node)
    : db_(std::move(db)),
      transaction_(std::make_unique<Transaction>(*db_, node)),
      node_(node),
      ids_(0) {}

PgStore::~PgStore() { rollback(); }

Status PgStore::ready() { return transaction_->ensure_session(); }

Status PgStore::load() {
  if (node_ != kNoNode) {
    const auto slot = db_->one(
        sql::kSlotOf, [](const Row& row) { return row.i64(0); }, node_
    );
    if (!slot) return tl::unexpected<Error>(slot.error());
    if (!*slot)
      return fail(
          Errc::kUnavailable, "lease expired: another node has taken over this node's partitions"
      );
    slot_ = static_cast<unsigned>(**slot);
  }
  const auto largest = db_->one(
      sql::kLargestId, [](const Row& row) { return row.i64(0); }, slot_
  );
  if (!largest) return tl::unexpected<Error>(largest.error());
  ids_ = IdSequence{largest->value_or(0), slot_};
  const auto versions = db_->one(sql::kVersions, read_versions);
  if (!versions) return tl::unexpected<Error>(versions.error());
  known_ = versions->value_or(Versions{});
  return {};
}

Status PgStore::begin() { return transaction_->begin(); }

Status PgStore::commit() {
  queue_raised_versions();
  changed_ = {};
  auto status = transaction_->commit();
  if (!status) rollback();
  return status;
}

// A rollback may also undo writes of meta, so it forgets the watermark. The next draw writes meta
// again; the stored values never decrease.
void PgStore::rollback() {
  transaction_->rollback();
  watermark_ = {};
  changed_ = {};
}

Status PgStore::savepoint() {
  changed_before_ = changed_;
  return transaction_->savepoint();
}

Status PgStore::release_savepoint() { return transaction_->release_savepoint(); }

void PgStore::rollback_to_savepoint() {
  transaction_->rollback_to_savepoint();
  watermark_ = {};
  changed_ = changed_before_;
}

bool PgStore::in_transaction() const { return transaction_->is_open(); }

std::int64_t PgStore::draw_id(WallTime now) {
  const std::int64_t id = ids_.next(now);
  const std::int64_t lead_ms = (id >> static_cast<int>(kIdCountBits)) - unix_ms(now);
  if (id > watermark_.reserved) {
    watermark_.reserved = id + kIdsReserved;
    db_->queue(sql::kReserveIds, watermark_.reserved, slot_);
  }
  if (lead_ms > watermark_.lead_ms) {
    watermark_.lead_ms = (lead_ms / kLeadStepMs + 1) * kLeadStepMs;
    db_->queue(sql::kRaiseMetaValue, watermark_.lead_ms, "id_lead_ms");
  }
  return id;
}

Status PgStore::write_probe(WallTime now) {
  db_->queue(sql::kSavepoint);
  db_->queue(sql::kWriteEventProbe);
  db_->queue(sql::kRollbackToSavepoint);
  db_->queue(sql::kReleaseSavepoint);
  return db_->run(sql::kWriteProbe, now);
}

// The server releases space by itself.
Status PgStore::release_space() { return {}; }

}  // namespace postrider::postgres
