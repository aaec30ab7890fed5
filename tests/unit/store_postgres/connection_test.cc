// Values on their way to the server and back, errors, lost sessions.
#include <limits>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "store/postgres/pg_connection.h"
#include "store/yielded.h"

#include "tests/support/must.h"
#include "tests/support/pg_database.h"

namespace postrider::testing {
namespace {

using postgres::Array;
using postgres::Connection;
using postgres::Role;
using postgres::Row;

using OptionalText = std::optional<std::string_view>;
using OptionalNumber = std::optional<std::int64_t>;

std::string every_byte() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

class PgConnection : public ::testing::Test {
 protected:
  /// Ends the session of the connection from outside.
  void cut() {
    constexpr std::string_view kPid = "SELECT pg_backend_pid()";
    const auto pid = db_->one(kPid, [](const Row& row) { return row.i64(0); });
    ASSERT_TRUE(pid);
    const auto gone = "SELECT pg_terminate_backend(" + std::to_string(**pid) + ", 5000)";
    ASSERT_EQ(RawPg(database_.url()).column(gone), std::vector<std::string>{"t"});
  }

  const PgDatabase database_{PgContent::kEmpty};
  std::unique_ptr<Connection> db_ = must(Connection::open(database_.url(), Role::kWriter));
};

}  // namespace

TEST_F(PgConnection, ValuesComeBackAsTheyWent) {
  const auto rows = db_->query(
      "SELECT :a::bigint, :b::text, :c::bytea, :d::boolean, :e::bigint, :f::text, :g::integer",
      std::numeric_limits<std::int64_t>::min(),
      "\xc3\xbc 'quoted' \\ \n",
      Blob{every_byte()},
      true,
      OptionalNumber{},
      OptionalText{},
      -7
  );
  ASSERT_TRUE(rows) << rows.error().context;
  const Row row = rows->row(0);
  EXPECT_EQ(row.i64(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(row.text(1), "\xc3\xbc 'quoted' \\ \n");
  EXPECT_EQ(row.text(2), every_byte());
  EXPECT_TRUE(row.boolean(3));
  EXPECT_TRUE(row.is_null(4));
  EXPECT_FALSE(row.optional_text(5));
  EXPECT_EQ(row.i32(6), -7);
}

TEST_F(PgConnection, ArraysComeBackAsTheyWent) {
  Array<std::int64_t> numbers;
  Array<OptionalText> texts;
  Array<Blob> blobs;
  for (int i = 0; i < 3; ++i) {
    numbers.add(i - 1);
    texts.add(i == 1 ? OptionalText{} : OptionalText{i == 0 ? "" : "{\"a\",NULL}"});
    blobs.add(Blob{every_byte()});
  }
  const auto rows = db_->query(
      "SELECT n, t, b FROM unnest(:n::bigint[], :t::text[], :b::bytea[]) AS r (n, t, b)",
      numbers,
      texts,
      blobs
  );
  ASSERT_TRUE(rows) << rows.error().context;
  ASSERT_EQ(rows->size(), 3);
  EXPECT_EQ(rows->row(0).i64(0), -1);
  EXPECT_EQ(rows->row(0).optional_text(1), "");
  EXPECT_FALSE(rows->row(1).optional_text(1));
  EXPECT_EQ(rows->row(2).text(1), "{\"a\",NULL}");
  EXPECT_EQ(rows->row(2).text(2), every_byte());
  const auto none = db_->query("SELECT unnest(:n::bigint[])", Array<std::int64_t>{});
  ASSERT_TRUE(none) << none.error().context;
  EXPECT_EQ(none->size(), 0);
}

TEST_F(PgConnection, WhatIsQueuedGoesTogetherAndStopsAtTheFirstError) {
  db_->queue("CREATE TABLE t (n bigint PRIMARY KEY)");
  ASSERT_TRUE(db_->exchange());
  constexpr std::string_view kInsert = "INSERT INTO t VALUES (:n)";
  db_->queue(kInsert, 1);
  db_->queue(kInsert, 2);
  const auto added = db_->exchange();
  ASSERT_TRUE(added) << added.error().context;
  ASSERT_EQ(added->size(), 2U);
  EXPECT_EQ((*added)[1].changes(), 1);
  db_->queue("BEGIN");
  db_->queue(kInsert, 3);
  db_->queue(kInsert, 1);
  db_->queue(kInsert, 4);
  db_->queue("COMMIT");
  const auto failed = db_->exchange();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::kConflict);
  EXPECT_EQ(failed.error().native, postgres::native_of("23505"));
  EXPECT_TRUE(db_->in_transaction());
  EXPECT_TRUE(db_->run("ROLLBACK"));
  EXPECT_FALSE(db_->in_transaction());
  const auto left = db_->one("SELECT count(*) FROM t", [](const Row& row) { return row.i64(0); });
  EXPECT_EQ(**left, 2);
}

TEST_F(PgConnection, ErrorsHoldNoValues) {
  ASSERT_TRUE(db_->script("CREATE TABLE t (s text PRIMARY KEY); INSERT INTO t VALUES ('secret')"));
  const auto failed = db_->run("INSERT INTO t VALUES (:s)", "secret");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().context.find("secret"), std::string::npos) << failed.error().context;
  const auto address = Connection::open("postgresql://u:hunter2@[::1/db", Role::kReader);
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(address.error().context.find("hunter2"), std::string::npos);
}

TEST_F(PgConnection, BytesThatAreNoTextAreRefusedAsText) {
  for (const std::string_view bytes : {std::string_view{"\0", 1}, std::string_view{"\xff"}}) {
    const auto refused = db_->run("SELECT :a::text", bytes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  }
}

TEST(PgErrors, WhatYieldedToAnotherSessionIsKnownByItsState) {
  EXPECT_EQ(postgres::native_of("40001"), kSerializationFailure);
  EXPECT_EQ(postgres::native_of("40P01"), kDeadlock);
}

TEST_F(PgConnection, ErrorsAreNamedByWhatToDoAboutThem) {
  const std::pair<const char*, Errc> expected[] = {
      {"40001", Errc::kBusy},
      {"40P01", Errc::kBusy},
      {"55P03", Errc::kBusy},
      {"08006", Errc::kUnavailable},
      {"53100", Errc::kUnavailable},
      {"53300", Errc::kUnavailable},
      {"57P01", Errc::kUnavailable},
      {"57P03", Errc::kUnavailable},
      {"25006", Errc::kUnavailable},
      {"23505", Errc::kConflict},
      {"XX001", Errc::kCorrupt},
      {"XX002", Errc::kCorrupt},
      {"42P01", Errc::kCorrupt},
      {"XX000", Errc::kInternal},
      {"23514", Errc::kInternal},
      {"57014", Errc::kInternal}};
  for (const auto& [state, code] : expected) EXPECT_EQ(postgres::errc_of(state), code) << state;
}

TEST_F(PgConnection, LockThatIsNotGivenInTimeIsBusy) {
  ASSERT_TRUE(db_->script("CREATE TABLE t (n bigint)"));
  RawPg other(database_.url());
  ASSERT_EQ(other.exec("BEGIN; LOCK TABLE t"), "");
  const auto failed = db_->run("SELECT n FROM t");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::kBusy);
}

TEST_F(PgConnection, SessionThatEndedIsMadeAnew) {
  constexpr std::string_view kOne = "SELECT 1";
  ASSERT_TRUE(db_->run(kOne));
  const auto session = db_->session();
  ASSERT_TRUE(db_->ensure_open());
  EXPECT_EQ(db_->session(), session);
  cut();
  ASSERT_TRUE(db_->ensure_open());
  EXPECT_GT(db_->session(), session);
  EXPECT_TRUE(db_->run(kOne)) << "prepared again";
}

TEST_F(PgConnection, SessionThatEndsInATransactionIsUnavailableAndThenAnew) {
  ASSERT_TRUE(db_->run("BEGIN"));
  cut();
  const auto failed = db_->run("SELECT 2");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::kUnavailable);
  EXPECT_FALSE(db_->is_open());
  EXPECT_FALSE(db_->in_transaction());
  EXPECT_EQ(db_->run("SELECT 2").error().code, Errc::kUnavailable);
  EXPECT_TRUE(db_->ensure_open());
  EXPECT_TRUE(db_->run("SELECT 2"));
}

TEST_F(PgConnection, ServerThatIsNotThereIsUnavailable) {
  const auto failed = Connection::open("postgresql:///x?host=/nonexistent", Role::kReader);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::kUnavailable);
}

TEST_F(PgConnection, RowsAreHandedOverOneByOne) {
  std::vector<std::int64_t> seen;
  const auto take = [&seen](const Row& row) { seen.push_back(row.i64(0)); };
  ASSERT_TRUE(db_->each("SELECT generate_series(3, 5)::bigint", take));
  EXPECT_EQ(seen, (std::vector<std::int64_t>{3, 4, 5}));
  ASSERT_TRUE(db_->each("SELECT 1::bigint WHERE false", take));
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_TRUE(db_->run("SELECT 1")) << "the session goes on";
}

TEST_F(PgConnection, StatementBehindRowsOneByOneHasItsRowsTogether) {
  constexpr std::string_view kNumbers = "SELECT generate_series(1, 3)::bigint";
  const auto numbers = [&] {
    return must(db_->all(kNumbers, [](const Row& row) { return row.i64(0); }));
  };
  EXPECT_EQ(numbers().size(), 3U);
  ASSERT_TRUE(db_->each(kNumbers, [](const Row& /*row*/) {}));
  EXPECT_EQ(numbers().size(), 3U);
}

TEST_F(PgConnection, ErrorAfterTheFirstRowsOfAStatementIsOne) {
  std::int64_t rows = 0;
  const auto failed = db_->each(
      "SELECT 1 / (40000 - n) FROM generate_series(1, 50000) AS n", [&rows](const Row&) { ++rows; }
  );
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().native, postgres::native_of("22012"));
  EXPECT_GT(rows, 0);
  EXPECT_TRUE(db_->run("SELECT 1")) << "the session goes on";
}

TEST_F(PgConnection, SessionThatEndsBetweenRowsIsUnavailable) {
  // More than the buffers on the way hold.
  const std::string rows = "SELECT repeat('x', 100000) FROM generate_series(1, 1000)";
  std::int64_t count = 0;
  const auto failed = db_->each(rows, [&](const Row&) {
    if (++count == 1) RawPg(database_.url()).end_other_sessions();
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::kUnavailable);
  EXPECT_LT(count, 1000);
  EXPECT_FALSE(db_->is_open());
  EXPECT_TRUE(db_->ensure_open());
}

TEST_F(PgConnection, SessionsThatWouldLoseCommitsAreRefused) {
  const auto refused =
      Connection::open(database_.url() + "&options=-csynchronous_commit%3Doff", Role::kWriter);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().context.find("synchronous_commit"), std::string::npos);
}

TEST_F(PgConnection, ServerThatTakesNoWritesIsUnavailable) {
  const std::string read_only = "&options=-cdefault_transaction_read_only%3Don";
  const auto refused = Connection::open(database_.url() + read_only, Role::kWriter);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kUnavailable);
  EXPECT_TRUE(Connection::open(database_.url() + read_only, Role::kReader));
}

TEST_F(PgConnection, TablesAreThoseOfTheFirstSchemaOfTheSearchPath) {
  ASSERT_EQ(RawPg(database_.url()).exec("CREATE SCHEMA \"My App\""), "");
  const auto other = must(Connection::open(
      database_.url() + "&options=-csearch_path%3Dnone,%22My%5C%20App%22,public", Role::kWriter
  ));
  EXPECT_EQ(other->schema(), "My App");
  ASSERT_TRUE(other->script("CREATE TABLE t (n bigint)"));
  EXPECT_FALSE(db_->run("SELECT n FROM t"));
  EXPECT_TRUE(db_->run("SELECT n FROM \"My App\".t"));
}

}  // namespace postrider::testing
