// What is not the source's is found before the copy counts as one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store_copy/copy_database.h"

namespace postrider::testing {
namespace {

using ::testing::HasSubstr;

struct Difference {
  const char* name;
  const char* change;  // of the copy, before it is verified
  const char* sentence;
};

std::ostream& operator<<(std::ostream& out, const Difference& one) { return out << one.name; }

class DifferingCopy : public ::testing::TestWithParam<Difference> {
 protected:
  const CopyDatabases databases_;
};

TEST_P(DifferingCopy, IsNamedAndBegunAnew) {
  const Error error = failure(databases_.copy([this](const copy::Progress& progress) {
    const bool copied = progress.phase == copy::Phase::kCopy && progress.table == "task";
    if (copied && progress.table_done) {
      EXPECT_EQ(databases_.target().exec(GetParam().change), "");
    }
  }));
  EXPECT_EQ(error.code, Errc::kCorrupt);
  EXPECT_EQ(
      error.context,
      std::string{GetParam().sentence} +
          "; the copy is not finished, the same command starts it again"
  );
  databases_.expect_unfinished();
  const auto again = databases_.copy();
  ASSERT_TRUE(again) << again.error().context;
  EXPECT_EQ(again->start, copy::Start::kAnew);
  databases_.expect_equal();
  databases_.expect_finished();
}

INSTANTIATE_TEST_SUITE_P(
    Copy,
    DifferingCopy,
    ::testing::Values(
        Difference{
            "Value",
            "UPDATE event SET data = data || ' ' WHERE id = 301",
            "the copy of the table event differs: its rows are not those of the source"},
        Difference{
            "NullForEmptyText",
            "UPDATE attempt SET error = NULL WHERE delivery_id = 403",
            "the copy of the table attempt differs: its rows are not those of the source"},
        Difference{
            "Key",
            "UPDATE recent_send SET id = 609 WHERE id = 602",
            "the copy of the table recent_send differs: its rows are not those of the source"},
        Difference{
            "RowLess",
            "DELETE FROM stat WHERE endpoint_id = 0",
            "the copy of the table stat differs: it has 2 rows instead of 3"},
        Difference{
            "RowMore",
            "INSERT INTO delivery (id, event_id, endpoint_id, state, finished_at_ms) "
            "VALUES (404, 302, 202, 'delivered', 1)",
            "the copy of the table delivery differs: it has 4 rows instead of 3"}
    ),
    [](const auto& test) { return std::string{test.param.name}; }
);

class CopyThatTheServerChanges : public ::testing::Test {
 protected:
  /// A trigger that puts other values into rows of `table`.
  void change_rows_of(const std::string& table, const std::string& assignment) const {
    ASSERT_EQ(
        databases_.target().exec(
            "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN " +
            assignment +
            "; RETURN NEW; END';"
            "CREATE TRIGGER change BEFORE INSERT ON " +
            table + " FOR EACH ROW EXECUTE FUNCTION change()"
        ),
        ""
    );
  }
  void expect_difference_in(const std::string& table) const {
    const Error error = failure(databases_.copy());
    EXPECT_EQ(error.code, Errc::kCorrupt);
    EXPECT_THAT(error.context, HasSubstr("the copy of the table " + table + " differs"));
    databases_.expect_unfinished();
  }

  const CopyDatabases databases_;
};

TEST_F(CopyThatTheServerChanges, IsFoundInWhatTheLastTransactionWrites) {
  change_rows_of("outbox", "NEW.type := ''other''");
  expect_difference_in("outbox");
  RawPg target = databases_.target();
  EXPECT_EQ(target.column("SELECT count(*) FROM outbox").front(), "0") << "nothing half done";
  ASSERT_EQ(target.exec("DROP TRIGGER change ON outbox"), "");
  ASSERT_TRUE(databases_.copy());
  databases_.expect_equal();
}

TEST_F(CopyThatTheServerChanges, IsFoundInMeta) {
  change_rows_of("meta", "IF NEW.key = ''write_probe'' THEN NEW.value := 1; END IF");
  expect_difference_in("meta");
}

TEST_F(CopyThatTheServerChanges, IsFoundEachTime) {
  change_rows_of("event", "NEW.created_at_ms := 0");
  expect_difference_in("event");
  expect_difference_in("event");
}

TEST(RowsInTheWay, AreRemovedByACopyThatBeginsAnew) {
  const CopyDatabases databases;
  const Error error = failure(databases.copy(
      [&databases](const copy::Progress& progress) {
        const bool begun = progress.phase == copy::Phase::kCopy && progress.table == "event";
        if (begun && progress.rows == 1) {
          EXPECT_EQ(
              databases.target().exec("INSERT INTO event (id, tenant, type, created_at_ms, data) "
                                      "VALUES (302, 't', 'a', 1, '')"),
              ""
          );
        }
      },
      kRowByRow
  ));
  EXPECT_EQ(error.code, Errc::kCorrupt);
  EXPECT_THAT(error.context, HasSubstr("cannot write the table event: "));
  databases.expect_unfinished();
  const auto copied = databases.copy();
  ASSERT_TRUE(copied) << copied.error().context;
  databases.expect_equal();
}

}  // namespace
}  // namespace postrider::testing
