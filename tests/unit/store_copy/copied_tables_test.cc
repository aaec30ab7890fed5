// The list of what is copied against the schemas: a migration that adds a table or a column has to
// add it there, too. Only `migration` and PostgreSQL's `node` are of the databases themselves.
#include "store/copied_tables.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "store/sqlite/sqlite_store.h"

#include "tests/support/must.h"
#include "tests/support/pg_database.h"
#include "tests/support/raw_db.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {
namespace {

/// Table, column and what is asked of it, in lines.
using Lines = std::set<std::string>;

std::string pg_type(ColumnKind kind) {
  const std::map<ColumnKind, std::string> types{
      {ColumnKind::kInteger, "bigint"},
      {ColumnKind::kInteger32, "integer"},
      {ColumnKind::kBoolean, "boolean"},
      {ColumnKind::kText, "text"},
      {ColumnKind::kBytes, "bytea"}};
  return types.at(kind);
}

Lines listed_with(const std::function<std::string(const CopiedTable&, std::size_t)>& what) {
  Lines lines;
  for (const CopiedTable& table : copied_tables()) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      lines.insert(
          std::string{table.name} + '.' + std::string{table.columns[i].name} + ' ' + what(table, i)
      );
    }
  }
  return lines;
}

std::string key_place(const CopiedTable& table, std::size_t column) {
  return std::to_string(column < table.key_columns ? column + 1 : 0);
}

Lines lines_of(const std::vector<std::string>& rows) { return {rows.begin(), rows.end()}; }

/// What nodes that share a database need for themselves.
const std::string kTablesOfNodes = "'migration', 'node', 'partition', 'id_slot', 'version'";

class CopiedTablesOfSqlite : public ::testing::Test {
 protected:
  CopiedTablesOfSqlite() { must(sqlite::SqliteStore::open(path_)); }

  const TempDir directory_;
  const std::string path_ = directory_.file("postrider.db");
};

}  // namespace

TEST_F(CopiedTablesOfSqlite, AreAllButThoseOfItself) {
  RawDb db(path_);
  const auto columns = db.column(
      "SELECT t.name || '.' || c.name || ' ' || c.pk FROM sqlite_schema AS t, "
      "pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' "
      "AND t.name <> 'migration'"
  );
  EXPECT_EQ(lines_of(columns), listed_with(key_place));
}

TEST_F(CopiedTablesOfSqlite, AreReadInTheOrderOfAnIndex) {
  RawDb db(path_);
  for (const CopiedTable& table : copied_tables()) {
    const auto plan = db.column("EXPLAIN QUERY PLAN " + select_rows_sql(table), 3);
    ASSERT_FALSE(plan.empty());
    for (const auto& line : plan)
      EXPECT_EQ(line.find("TEMP B-TREE"), std::string::npos) << table.name << ": " << line;
  }
}

TEST(CopiedTablesOfPostgres, HaveTheTypesOfItsColumns) {
  const PgDatabase database;
  const auto columns =
      RawPg(database.url())
          .column(
              "SELECT table_name || '.' || column_name || ' ' || data_type "
              "FROM information_schema.columns WHERE table_schema = 'public' "
              "AND table_name NOT IN (" +
              kTablesOfNodes + ") AND (table_name, column_name) <> ('endpoint', 'version')"
          );
  EXPECT_EQ(lines_of(columns), listed_with([](const CopiedTable& table, std::size_t i) {
              return pg_type(table.columns[i].kind);
            }));
}

TEST(CopiedTablesOfPostgres, HaveTheKeysAndIdentitiesOfItsTables) {
  const PgDatabase database;
  RawPg client(database.url());
  const auto keys = client.column(
      "SELECT a.attrelid::regclass || '.' || a.attname || ' ' "
      "|| coalesce(array_position(k.conkey, a.attnum), 0) "
      "FROM pg_attribute AS a JOIN pg_class AS t ON t.oid = a.attrelid "
      "LEFT JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'p' "
      "WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace AND a.attnum > 0 "
      "AND NOT a.attisdropped AND (t.relname, a.attname) <> ('endpoint', 'version') "
      "AND t.relname NOT IN (" +
      kTablesOfNodes + ")"
  );
  EXPECT_EQ(lines_of(keys), listed_with(key_place));
  const auto identities = client.column(
      "SELECT table_name || '.' || column_name FROM information_schema.columns "
      "WHERE table_schema = 'public' AND is_identity = 'YES' AND table_name <> 'node'"
  );
  Lines listed;
  for (const CopiedTable& table : copied_tables()) {
    if (table.draws_ids) listed.insert(std::string{table.name} + ".id");
  }
  EXPECT_EQ(lines_of(identities), listed);
}

TEST(CopiedTablesOfPostgres, AreReadInTheOrderOfAnIndex) {
  const PgDatabase database;
  RawPg client(database.url());
  ASSERT_EQ(client.exec("SET enable_seqscan = off; SET enable_bitmapscan = off"), "");
  for (const CopiedTable& table : copied_tables()) {
    for (const auto& line : client.column("EXPLAIN (COSTS OFF) " + select_rows_sql(table)))
      EXPECT_EQ(line.find("Sort"), std::string::npos) << table.name << ": " << line;
  }
}

}  // namespace postrider::testing
