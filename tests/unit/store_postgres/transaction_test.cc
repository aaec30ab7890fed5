// What a transaction costs on the wire, and what its savepoints undo.
#include "store/postgres/transaction.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "store/postgres/pg_store.h"

#include "tests/support/must.h"
#include "tests/support/pg_database.h"

namespace postrider::testing {
namespace {

using postgres::Connection;
using postgres::Role;
using postgres::Transaction;

constexpr WallTime kNow = from_unix_ms(1'767'225'600'000);

class PgTransaction : public ::testing::Test {
 protected:
  void append(std::int64_t id) {
    EventDraft draft;
    draft.type = "a";
    draft.data = data_;
    transaction_.appends().add_event(id, draft, kNow);
  }
  void append_delivery_to(std::int64_t id, EndpointId endpoint) {
    static_cast<void>(transaction_.appends().add_delivery(id, {1}, {endpoint}, {}, kNow));
  }
  /// A command of a group.
  void command(std::int64_t id) {
    must(transaction_.savepoint());
    append(id);
    must(transaction_.release_savepoint());
  }
  /// A statement that is asked for by itself.
  Status ask() { return db_->run("SELECT 1"); }

  std::vector<std::string> events() { return client_.column("SELECT id FROM event ORDER BY id"); }

  const PgDatabase database_;
  RawPg client_{database_.url()};
  std::unique_ptr<Connection> db_ = must(Connection::open(database_.url(), Role::kWriter));
  Transaction transaction_{*db_, postgres::PgStore::kNoNode};
  std::string data_ = "{}";
};

}  // namespace

TEST_F(PgTransaction, AppendsOfManyCommandsCostOneRoundTripAndTwoStatements) {
  const std::int64_t before = db_->exchanges();
  must(transaction_.begin());
  for (int i = 1; i <= 500; ++i) command(i);
  // What it began with, and nothing of the commands yet.
  EXPECT_EQ(db_->queued_count(), 1U);
  must(transaction_.commit());
  EXPECT_EQ(db_->exchanges() - before, 1);
  EXPECT_EQ(events().size(), 500U);
}

TEST_F(PgTransaction, TransactionWithoutStatementsCostsNone) {
  const std::int64_t before = db_->exchanges();
  must(transaction_.begin());
  must(transaction_.savepoint());
  must(transaction_.release_savepoint());
  must(transaction_.commit());
  EXPECT_EQ(db_->exchanges(), before);
}

TEST_F(PgTransaction, SavepointUndoesItsOwnAppendsAlone) {
  must(transaction_.begin());
  command(1);
  must(transaction_.savepoint());
  append(2);
  transaction_.rollback_to_savepoint();
  command(3);
  must(transaction_.commit());
  EXPECT_EQ(events(), (std::vector<std::string>{"1", "3"}));
}

TEST_F(PgTransaction, SavepointUndoesAppendsThatWereSentAlready) {
  must(transaction_.begin());
  command(1);
  must(transaction_.savepoint());
  append(2);
  must(ask());
  append(3);
  transaction_.rollback_to_savepoint();
  ASSERT_TRUE(transaction_.is_open());
  command(4);
  must(transaction_.commit());
  EXPECT_EQ(events(), (std::vector<std::string>{"1", "4"}));
}

TEST_F(PgTransaction, StatementSeesWhatWasAppendedBeforeIt) {
  must(transaction_.begin());
  command(1);
  must(transaction_.savepoint());
  append(2);
  const auto seen = db_->all("SELECT id FROM event ORDER BY id", [](const postgres::Row& row) {
    return row.i64(0);
  });
  ASSERT_TRUE(seen) << seen.error().context;
  EXPECT_EQ(*seen, (std::vector<std::int64_t>{1, 2}));
  must(transaction_.release_savepoint());
  must(transaction_.commit());
  EXPECT_EQ(events().size(), 2U);
}

TEST_F(PgTransaction, AppendThatTheDatabaseRefusesLeavesNothingOfTheTransaction) {
  must(transaction_.begin());
  command(1);
  must(transaction_.savepoint());
  append_delivery_to(10, {404});
  must(transaction_.release_savepoint());
  EXPECT_FALSE(transaction_.commit());
  EXPECT_FALSE(transaction_.is_open());
  EXPECT_EQ(events(), std::vector<std::string>{});
}

TEST_F(PgTransaction, RefusedAppendOfACommandThatIsDoneEndsTheTransactionWithTheNextStatement) {
  must(transaction_.begin());
  must(transaction_.savepoint());
  append_delivery_to(10, {404});
  must(transaction_.release_savepoint());
  must(transaction_.savepoint());
  EXPECT_FALSE(ask());
  transaction_.rollback_to_savepoint();
  EXPECT_FALSE(transaction_.is_open());
  EXPECT_FALSE(transaction_.commit());
}

TEST_F(PgTransaction, LargeAppendsAreNotHeldBack) {
  data_.assign(600'000, ' ');
  const std::int64_t before = db_->exchanges();
  must(transaction_.begin());
  command(1);
  must(transaction_.send_many());
  EXPECT_EQ(db_->exchanges(), before);
  command(2);
  must(transaction_.send_many());
  EXPECT_EQ(db_->exchanges() - before, 1);
  must(transaction_.commit());
  EXPECT_EQ(events().size(), 2U);
}

TEST_F(PgTransaction, RollbackForgetsWhatWasAppended) {
  must(transaction_.begin());
  command(1);
  must(transaction_.savepoint());
  append(2);
  transaction_.rollback();
  must(transaction_.begin());
  must(ask());
  must(transaction_.commit());
  EXPECT_EQ(events(), std::vector<std::string>{});
}

}  // namespace postrider::testing
