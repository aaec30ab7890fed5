#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/pg_database.h"

namespace postrider::testing {
namespace {

/// Every table as it would be created, with its indexes; then every function.
constexpr const char* kTables = R"sql(
SELECT
  'CREATE TABLE ' || t.relname || E' (\n'
  || (
    SELECT
      string_agg(
        '  ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        || CASE WHEN l.collname <> 'default' THEN ' COLLATE ' || quote_ident(l.collname) ELSE '' END
        || CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' ELSE '' END
        || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
        || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
        E',\n'
        ORDER BY a.attnum
      )
    FROM pg_attribute AS a
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
    WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  )
  || coalesce(
    (
      SELECT
        string_agg(
          E',\n  CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid), '' ORDER BY conname
        )
      FROM pg_constraint
      WHERE conrelid = t.oid
    ),
    ''
  )
  || E'\n);\n'
  || coalesce(
    (
      SELECT string_agg(pg_get_indexdef(i.indexrelid) || E';\n', '' ORDER BY n.relname)
      FROM pg_index AS i
      JOIN pg_class AS n ON n.oid = i.indexrelid
      WHERE
        i.indrelid = t.oid
        AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid)
    ),
    ''
  )
FROM pg_class AS t
WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r'
ORDER BY t.relname
)sql";

constexpr const char* kFunctions = R"sql(
SELECT pg_get_functiondef(oid)
FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
ORDER BY proname
)sql";

std::set<std::string> migrations_in(const std::filesystem::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name != "schema.sql") names.insert(name);
  }
  return names;
}

}  // namespace

TEST(PgSchema, SnapshotIsWhatTheMigrationsMake) {
  const PgDatabase database;
  std::string schema = "-- Generated from the migrations; see tests/unit/store_postgres.\n";
  RawPg client(database.url());
  for (const auto& table : client.column(kTables)) schema += "\n" + table;
  for (const auto& function : client.column(kFunctions)) schema += "\n" + function;
  const std::string snapshot = std::string{POSTRIDER_MIGRATIONS_DIR} + "/schema.sql";
  if (std::getenv("POSTRIDER_UPDATE_SNAPSHOTS") != nullptr) std::ofstream(snapshot) << schema;
  std::ostringstream stored;
  stored << std::ifstream(snapshot).rdbuf();
  EXPECT_EQ(
      stored.str(), schema
  ) << "update it: POSTRIDER_UPDATE_SNAPSHOTS=1 build/dev/bin/store_postgres_test "
       "--gtest_filter=PgSchema.*";
}

TEST(PgSchema, MigrationsAreThoseOfSqlite) {
  const std::filesystem::path own{POSTRIDER_MIGRATIONS_DIR};
  EXPECT_EQ(migrations_in(own), migrations_in(own.parent_path() / "sqlite"));
}

}  // namespace postrider::testing
