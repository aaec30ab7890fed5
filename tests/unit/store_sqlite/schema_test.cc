#include <cstdlib>
#include <fstream>
#include <sstream>

#include "store/sqlite/sqlite_store.h"

#include "tests/support/raw_db.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {

TEST(Schema, SnapshotIsWhatTheMigrationsMake) {
  const TempDir dir;
  const std::string path = dir.file("postrider.db");
  ASSERT_TRUE(sqlite::SqliteStore::open(path));
  std::string schema = "-- Generated from the migrations; see tests/unit/store_sqlite.\n";
  for (const auto& sql : RawDb(path).column(
           "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
           " ORDER BY tbl_name, type DESC, name"
       ))
    schema += "\n" + sql + ";\n";
  const std::string snapshot = std::string{POSTRIDER_MIGRATIONS_DIR} + "/schema.sql";
  if (std::getenv("POSTRIDER_UPDATE_SNAPSHOTS") != nullptr) std::ofstream(snapshot) << schema;
  std::ostringstream stored;
  stored << std::ifstream(snapshot).rdbuf();
  EXPECT_EQ(
      stored.str(), schema
  ) << "update it: POSTRIDER_UPDATE_SNAPSHOTS=1 build/dev/bin/store_sqlite_test "
       "--gtest_filter=Schema.*";
}

}  // namespace postrider::testing
