// Sources and targets that a copy refuses.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/postgres/pg_lease.h"
#include "store/postgres/pg_store.h"
#include "store/sqlite/database_lock.h"

#include "tests/support/must.h"
#include "tests/unit/store_copy/copy_database.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;

constexpr Millis kLong{600'000};

/// The target is as it was, and a node takes it.
Error refused_untouched(const CopyDatabases& databases) {
  const std::string before = databases.target_content();
  Error error = failure(databases.copy());
  EXPECT_EQ(databases.target_content(), before);
  return error;
}

TEST(CopyTarget, WithRowsIsRefused) {
  const CopyDatabases databases;
  ASSERT_EQ(
      databases.target().exec("INSERT INTO event_type VALUES ('a', false, 1, 1, '', NULL)"), ""
  );
  const Error error = refused_untouched(databases);
  EXPECT_EQ(error.code, Errc::kConflict);
  EXPECT_EQ(
      error.context,
      "the schema public is not empty, there are rows in the table event_type: a copy goes into an "
      "empty schema"
  );
  databases.expect_finished();
}

TEST(CopyTarget, WithRowsOfAProducerIsRefused) {
  const CopyDatabases databases;
  ASSERT_EQ(databases.target().exec("INSERT INTO outbox (type) VALUES ('a')"), "");
  EXPECT_THAT(refused_untouched(databases).context, HasSubstr("rows in the table outbox"));
}

TEST(CopyTarget, WithAFinishedCopyIsRefused) {
  const CopyDatabases databases;
  ASSERT_TRUE(databases.copy());
  const Error error = refused_untouched(databases);
  EXPECT_EQ(error.code, Errc::kConflict);
  EXPECT_EQ(error.context, "the schema public holds a finished copy of this database already");
}

TEST(CopyTarget, WithAnUnfinishedCopyOfAnotherDatabaseIsRefused) {
  const CopyDatabases databases;
  const CopyDatabases other;
  const auto cut = [&databases](const copy::Progress& progress) {
    if (progress.phase == copy::Phase::kVerify) databases.target().end_other_sessions();
  };
  EXPECT_EQ(failure(databases.copy(cut)).code, Errc::kUnavailable);
  const std::string before = databases.target_content();
  const Error error = failure(copy::copy_database(other.from(), databases.to(), {}));
  EXPECT_EQ(error.code, Errc::kConflict);
  EXPECT_EQ(error.context, "the schema public holds an unfinished copy of another database");
  EXPECT_EQ(databases.target_content(), before);
  ASSERT_TRUE(databases.copy());
  databases.expect_equal();
}

TEST(CopyTarget, ThatANodeServesIsRefused) {
  const CopyDatabases databases;
  const auto node = must(postgres::PgLease::join(databases.to(), kLong));
  const Error error = refused_untouched(databases);
  EXPECT_EQ(error.code, Errc::kBusy);
  EXPECT_EQ(
      error.context,
      "a node serves the schema public or stands by; one that was killed counts until its lease "
      "has ended"
  );
  node->leave();
  EXPECT_TRUE(databases.copy());
}

TEST(CopyTarget, IsRefusedByANodeThatJoinsMeanwhile) {
  const CopyDatabases databases;
  Error refused;
  const auto copied = databases.copy([&](const copy::Progress& progress) {
    if (progress.phase != copy::Phase::kCopy || progress.table != "event") return;
    const auto node = postgres::PgLease::join(databases.to(), kLong);
    if (!node) refused = node.error();
  });
  ASSERT_TRUE(copied) << copied.error().context;
  EXPECT_EQ(refused.code, Errc::kConflict);
  EXPECT_THAT(refused.context, HasSubstr("holds a copy that is not finished"));
  EXPECT_EQ(databases.target().column("SELECT count(*) FROM node").front(), "0") << "it has left";
  EXPECT_TRUE(postgres::PgLease::join(databases.to(), kLong));
}

TEST(CopyTarget, ThatAnotherCopyFillsIsRefused) {
  const CopyDatabases databases;
  const CopyDatabases other;
  Error refused;
  const auto copied = databases.copy([&](const copy::Progress& progress) {
    if (progress.phase != copy::Phase::kCopy || progress.table != "event" || !progress.table_done)
      return;
    refused = failure(copy::copy_database(other.from(), databases.to(), {}));
  });
  ASSERT_TRUE(copied) << copied.error().context;
  EXPECT_EQ(refused.code, Errc::kBusy);
  EXPECT_EQ(refused.context, "another copy into the schema public is under way");
}

TEST(CopyTarget, OfAnOlderVersionIsRefused) {
  const CopyDatabases databases;
  RawPg target = databases.target();
  ASSERT_EQ(
      target.exec("DELETE FROM migration WHERE number = (SELECT max(number) FROM migration)"), ""
  );
  const Error error = refused_untouched(databases);
  EXPECT_EQ(error.code, Errc::kConflict);
  EXPECT_EQ(
      error.context,
      "the schema public is of an older version: postrider migrate --db URL brings it to the newest"
  );
}

TEST(CopyTarget, OfANewerVersionIsRefused) {
  const CopyDatabases databases;
  ASSERT_EQ(databases.target().exec("INSERT INTO migration VALUES (99, 'later', '0')"), "");
  EXPECT_EQ(refused_untouched(databases).code, Errc::kCorrupt);
}

TEST(CopyTarget, IsNoLongerWrittenByANodeWhoseLeaseHasEnded) {
  const CopyDatabases databases;
  const auto lease = must(postgres::PgLease::join(databases.to(), Millis{-1}));
  const auto node = must(postgres::PgStore::open(databases.to(), lease->node()));
  ASSERT_TRUE(databases.copy());
  must(node->begin());
  const Status written = node->write_probe(from_unix_ms(1));
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().context, HasSubstr("another node has followed"));
  databases.expect_equal();
}

TEST(CopySource, ThatIsMissingIsRefusedAndNotMade) {
  const CopyDatabases databases;
  const std::string from = databases.file("none.db");
  const Error error = failure(copy::copy_database(from, databases.to(), {}));
  EXPECT_EQ(error.code, Errc::kNotFound);
  EXPECT_EQ(error.context, "no database at " + from);
  EXPECT_FALSE(std::filesystem::exists(from));
  EXPECT_FALSE(std::filesystem::exists(from + ".lock"));
}

TEST(CopySource, ThatIsNoDatabaseIsRefused) {
  const CopyDatabases databases;
  const std::string from = databases.file("letter.txt");
  std::ofstream(from) << "Dear reader, " << std::string(2000, '.');
  const Error error = failure(copy::copy_database(from, databases.to(), {}));
  EXPECT_EQ(error.code, Errc::kCorrupt);
  EXPECT_EQ(error.context, from + " is not an SQLite database");
}

TEST(CopySource, ThatAServiceHasIsRefused) {
  const CopyDatabases databases;
  const auto service = must(sqlite::DatabaseLock::take(databases.from()));
  const Error error = refused_untouched(databases);
  EXPECT_EQ(error.code, Errc::kBusy);
  EXPECT_THAT(error.context, HasSubstr(databases.from() + " is in use by process"));
}

TEST(CopySource, ThatAProducerIsWritingIsRefused) {
  const CopyDatabases databases;
  RawDb producer = databases.source();
  ASSERT_EQ(producer.exec("BEGIN IMMEDIATE"), SQLITE_OK);
  const Error error = refused_untouched(databases);
  EXPECT_EQ(error.code, Errc::kBusy);
  EXPECT_THAT(error.context, HasSubstr(databases.from() + ": "));
  ASSERT_EQ(producer.exec("COMMIT"), SQLITE_OK);
  EXPECT_TRUE(databases.copy());
}

struct OddValue {
  const char* name;
  const char* change;  // of the source
  const char* repair;
  const char* sentence;
};

/// Shown by the framework.
std::ostream& operator<<(std::ostream& out, const OddValue& value) { return out << value.name; }

class CopyOfAnOddValue : public ::testing::TestWithParam<OddValue> {};

TEST_P(CopyOfAnOddValue, IsRefusedBeforeAnythingIsWritten) {
  const CopyDatabases databases;
  ASSERT_EQ(databases.source().exec(GetParam().change), SQLITE_OK);
  const Error error = refused_untouched(databases);
  EXPECT_EQ(error.code, Errc::kInvalidArgument);
  EXPECT_EQ(error.context, GetParam().sentence);
  databases.expect_finished();
  ASSERT_EQ(databases.source().exec(GetParam().repair), SQLITE_OK);
  const auto copied = databases.copy();
  EXPECT_TRUE(copied) << copied.error().context;
}

INSTANTIATE_TEST_SUITE_P(
    Copy,
    CopyOfAnOddValue,
    ::testing::Values(
        OddValue{
            "NulInText",
            "UPDATE outbox_rejected SET data = CAST(x'7b007d' AS TEXT) WHERE id = 6",
            "DELETE FROM outbox_rejected WHERE id = 6",
            "the row with id = 6 of the table outbox_rejected cannot be copied: its data holds a "
            "NUL, which text of PostgreSQL cannot"},
        OddValue{
            "NoUtf8InText",
            "UPDATE outbox SET ordering_key = CAST(x'61ff' AS TEXT) WHERE id = 33",
            "UPDATE outbox SET ordering_key = 'a' WHERE id = 33",
            "the row with id = 33 of the table outbox cannot be copied: its ordering_key is not "
            "UTF-8, which text of PostgreSQL has to be"},
        OddValue{
            "NoUtf8InABlob",
            "UPDATE outbox SET data = x'c3' WHERE id = 33",
            "UPDATE outbox SET data = x'c3a4' WHERE id = 33",
            "the row with id = 33 of the table outbox cannot be copied: its data is not UTF-8, "
            "which text of PostgreSQL has to be"},
        OddValue{
            "NoUtf8InAKey",
            "UPDATE stat SET tenant = CAST(x'61ff' AS TEXT) WHERE endpoint_id = 0",
            "UPDATE stat SET tenant = 'acme' WHERE endpoint_id = 0",
            "the row with minute_ms = 60000, tenant = 'a?', endpoint_id = 0 of the table stat "
            "cannot be copied: its tenant is not UTF-8, which text of PostgreSQL has to be"},
        OddValue{
            "TextInsteadOfANumber",
            "UPDATE outbox_rejected SET rejected_at_ms = 'now' WHERE id = 5",
            "UPDATE outbox_rejected SET rejected_at_ms = 5 WHERE id = 5",
            "the row with id = 5 of the table outbox_rejected cannot be copied: its "
            "rejected_at_ms is not a whole number"},
        OddValue{
            "NumberOutOfRange",
            "UPDATE attempt SET status = 2147483648 WHERE number = 2",
            "UPDATE attempt SET status = 2147483647 WHERE number = 2",
            "the row with delivery_id = 401, number = 2 of the table attempt cannot be copied: "
            "its status is out of the range of its column"}
    ),
    [](const auto& test) { return std::string{test.param.name}; }
);

}  // namespace
}  // namespace postrider::testing
