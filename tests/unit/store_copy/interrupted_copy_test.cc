// An interrupted copy resumes where it stopped.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/migration_files.h"

#include "tests/unit/store_copy/copy_database.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;

/// What is filled by the transaction that ends the copy.
bool is_of_the_end(const std::string& table) { return table == "outbox" || table == "meta"; }

class InterruptedIn : public ::testing::TestWithParam<std::string> {
 protected:
  /// Ends the session with the server once the first row of the table is there.
  [[nodiscard]] copy::ShowProgress cut() const {
    return [this](const copy::Progress& progress) {
      const bool there = progress.phase == copy::Phase::kCopy && progress.table == GetParam();
      if (there && progress.rows == 1) databases_.target().end_other_sessions();
    };
  }

  const CopyDatabases databases_;
};

TEST_P(InterruptedIn, ATable) {
  const Error error = failure(databases_.copy(cut(), kRowByRow));
  EXPECT_EQ(error.code, Errc::kUnavailable) << error.context;
  databases_.expect_unfinished();
  const auto there = databases_.target().column("SELECT count(*) FROM " + GetParam());
  if (GetParam() != "meta") {
    EXPECT_EQ(there.front(), is_of_the_end(GetParam()) ? "0" : "1");
  }
  std::int64_t first = -1;
  const auto resumed = databases_.copy(
      [&first](const copy::Progress& progress) {
        if (progress.phase == copy::Phase::kCopy && progress.table == GetParam() && first < 0)
          first = progress.rows;
      },
      kRowByRow
  );
  ASSERT_TRUE(resumed) << resumed.error().context;
  EXPECT_EQ(resumed->start, copy::Start::kResumed);
  EXPECT_EQ(first, is_of_the_end(GetParam()) ? 1 : 2) << "it goes on where it was";
  databases_.expect_equal();
  databases_.expect_finished();
}

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const CopiedTable& table : copied_tables()) names.emplace_back(table.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(
    Copy,
    InterruptedIn,
    ::testing::ValuesIn(table_names()),
    [](const auto& test) { return test.param; }
);

class InterruptedCopy : public ::testing::Test {
 protected:
  /// Ends the session once the first row of `table` is there.
  void interrupt_in(const char* table) const {
    const Error error = failure(databases_.copy(
        [this, table](const copy::Progress& progress) {
          const bool there = progress.phase == copy::Phase::kCopy && progress.table == table;
          if (there && progress.rows == 1) databases_.target().end_other_sessions();
        },
        kRowByRow
    ));
    EXPECT_EQ(error.code, Errc::kUnavailable) << error.context;
  }

  const CopyDatabases databases_;
};

TEST_F(InterruptedCopy, GoesOnAfterSeveralInterruptions) {
  for (const char* table : {"event", "attempt", "outbox"}) interrupt_in(table);
  const auto copied = databases_.copy();
  ASSERT_TRUE(copied) << copied.error().context;
  databases_.expect_equal();
}

TEST_F(InterruptedCopy, BeginsAnewWhenTheSourceHasChanged) {
  interrupt_in("attempt");
  // A row of a table that was through is gone, another one has changed, and a unique value has
  // moved to another row.
  ASSERT_EQ(
      databases_.source().exec("DELETE FROM endpoint_secret WHERE position = 1;"
                               "UPDATE event SET data = '{}' WHERE id = 302;"
                               "UPDATE delivery SET id = 999 WHERE id = 402;"),
      SQLITE_OK
  );
  const auto copied = databases_.copy();
  ASSERT_TRUE(copied) << copied.error().context;
  EXPECT_EQ(copied->start, copy::Start::kAnew);
  databases_.expect_equal();
  databases_.expect_finished();
}

TEST_F(InterruptedCopy, BeginsAnewWhenARowBehindItHasChanged) {
  interrupt_in("endpoint");
  ASSERT_EQ(databases_.source().exec("UPDATE task SET done = 5 WHERE id = 701"), SQLITE_OK);
  const auto copied = databases_.copy();
  ASSERT_TRUE(copied) << copied.error().context;
  EXPECT_EQ(copied->start, copy::Start::kAnew);
  databases_.expect_equal();
}

TEST(UnfinishedCopy, OfAnOlderVersionIsBroughtToTheNewest) {
  const CopyDatabases databases(PgContent::kEmpty);
  RawPg target = databases.target();
  ASSERT_EQ(
      target.exec("CREATE TABLE migration (number bigint PRIMARY KEY, name text, checksum text)"),
      ""
  );
  const std::string directory = std::string{POSTRIDER_MIGRATIONS_DIR} + "/../postgres/";
  const std::string name = "0001_create_tables.sql";
  std::ostringstream text;
  text << std::ifstream(directory + name).rdbuf();
  const auto salt = databases.source().column("SELECT value FROM meta WHERE key = 'id_salt'");
  ASSERT_EQ(
      target.exec(
          text.str() + "INSERT INTO migration VALUES (1, '" + name + "', '" +
          migration_checksum(text.str()) + "');" + "INSERT INTO meta VALUES ('copy_salt', " +
          salt.front() + "), ('copy_content', 1)"
      ),
      ""
  );
  const auto copied = databases.copy();
  ASSERT_TRUE(copied) << copied.error().context;
  EXPECT_EQ(copied->start, copy::Start::kAnew);
  databases.expect_equal();
}

// A server whose disk is full refuses a statement like this one.
TEST_F(InterruptedCopy, GoesOnAfterTheServerRefusedARow) {
  RawPg target = databases_.target();
  ASSERT_EQ(target.exec("ALTER TABLE delivery ADD CONSTRAINT full_disk CHECK (id <> 402)"), "");
  const Error error = failure(databases_.copy({}, kRowByRow));
  EXPECT_THAT(error.context, HasSubstr("cannot write the table delivery: "));
  EXPECT_THAT(error.context, HasSubstr("full_disk"));
  EXPECT_EQ(target.column("SELECT count(*) FROM delivery").front(), "1");
  databases_.expect_unfinished();
  ASSERT_EQ(target.exec("ALTER TABLE delivery DROP CONSTRAINT full_disk"), "");
  const auto copied = databases_.copy();
  ASSERT_TRUE(copied) << copied.error().context;
  EXPECT_EQ(copied->start, copy::Start::kResumed);
  databases_.expect_equal();
}

TEST_F(InterruptedCopy, GoesOnWhenItsLastCommitDidNotArrive) {
  const Error error = failure(databases_.copy([this](const copy::Progress& progress) {
    const bool verified = progress.phase == copy::Phase::kVerify && progress.table_done;
    if (verified && progress.table == "meta") databases_.target().end_other_sessions();
  }));
  EXPECT_EQ(error.code, Errc::kUnavailable);
  databases_.expect_unfinished();
  EXPECT_EQ(databases_.target().column("SELECT count(*) FROM outbox").front(), "0");
  ASSERT_TRUE(databases_.copy());
  databases_.expect_equal();
}

TEST_F(InterruptedCopy, NeverTakesAwayWhatAProducerInserted) {
  interrupt_in("task");
  RawPg target = databases_.target();
  ASSERT_EQ(target.exec("INSERT INTO outbox (type) VALUES ('early')"), "");
  const Error error = failure(databases_.copy());
  EXPECT_EQ(error.code, Errc::kBusy);
  EXPECT_EQ(
      error.context,
      "a producer has inserted rows into outbox of the schema public before the copy was finished: "
      "take them out and go on with the same command"
  );
  databases_.expect_unfinished();
  EXPECT_EQ(target.column("SELECT type FROM outbox").front(), "early");
  ASSERT_EQ(target.exec("DELETE FROM outbox"), "");
  ASSERT_TRUE(databases_.copy());
  databases_.expect_equal();
}

}  // namespace
}  // namespace postrider::testing
