// Databases of earlier versions go on being used.
#include <array>
#include <fstream>
#include <memory>
#include <sstream>

#include "store/sqlite/database_file.h"
#include "store/sqlite/sqlite_store.h"

#include "tests/support/raw_db.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {
namespace {

constexpr WallTime kStart = from_unix_ms(1'767'225'600'000);

std::string migration(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(std::string{POSTRIDER_MIGRATIONS_DIR} + "/" + name).rdbuf();
  return text.str();
}

/// The checksum of 0001_create_tables.sql as released. Users have databases with it, so the file
/// never changes again.
constexpr const char* kFirstChecksum = "676aed39d2ac0e4c";

/// A database of version 1 with two deliveries that wait and one that was made.
void make_version_1(const std::string& path) {
  const std::string name = "0001_create_tables.sql";
  const std::string text = migration(name);
  RawDb db(path);
  ASSERT_EQ(db.exec("PRAGMA auto_vacuum = 2; PRAGMA journal_mode = WAL"), SQLITE_OK);
  ASSERT_EQ(
      db.exec("CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum "
              "TEXT NOT NULL) STRICT"),
      SQLITE_OK
  );
  ASSERT_EQ(db.exec(text), SQLITE_OK);
  ASSERT_EQ(
      db.exec(
          "INSERT INTO migration VALUES (1, '" + name + "', '" + std::string{kFirstChecksum} + "')"
      ),
      SQLITE_OK
  );
  ASSERT_EQ(
      db.exec("INSERT INTO endpoint (id, tenant, state, state_changed_at_ms, created_at_ms, "
              "updated_at_ms, config) VALUES (1, 'default', 'active', 1, 1, 1, "
              "'{\"url\":\"http://receiver.example/\"}');"
              "INSERT INTO event (id, tenant, type, created_at_ms, ordering_key, data) "
              "VALUES (2, 'default', 'a', 1, 'k', '1'), (3, 'default', 'a', 1, 'k', '2'), "
              "(4, 'default', 'a', 1, NULL, '3');"
              "INSERT INTO delivery (id, event_id, endpoint_id, state, due_at_ms, finished_at_ms) "
              "VALUES (5, 2, 1, 'pending', 9, NULL), (6, 3, 1, 'pending', 8, NULL), "
              "(7, 4, 1, 'delivered', NULL, 9)"),
      SQLITE_OK
  );
}

}  // namespace

TEST(Upgrade, WhatWaitsInADatabaseOfVersion1WaitsInNoLine) {
  const TempDir dir;
  const std::string path = dir.file("postrider.db");
  make_version_1(path);
  const auto store = sqlite::SqliteStore::open(path);
  ASSERT_TRUE(store) << store.error().context;
  RawDb db(path);
  EXPECT_EQ(db.column("PRAGMA user_version").front(), std::to_string(sqlite::newest_version()));
  EXPECT_EQ(db.column("PRAGMA integrity_check").front(), "ok");
  const auto reader = sqlite::SqliteReaders(path).open();
  ASSERT_TRUE(reader);
  DueParams params;
  params.endpoint = {1};
  params.now = kStart;
  params.rows_max = 10;
  const auto page = (*reader)->due(params);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 2U);
  EXPECT_EQ(page->rows[0].delivery.id, DeliveryId{6});
  EXPECT_EQ(page->rows[1].delivery.id, DeliveryId{5});
  EXPECT_FALSE(page->rows[0].delivery.lane_key);
  EXPECT_EQ((*reader)->waiting_endpoints({}, 10)->size(), 1U);
}

TEST(Upgrade, NewDeliveriesOfADatabaseOfVersion1AreOrdered) {
  const TempDir dir;
  const std::string path = dir.file("postrider.db");
  make_version_1(path);
  const auto store = sqlite::SqliteStore::open(path);
  ASSERT_TRUE(store) << store.error().context;
  ASSERT_TRUE((*store)->begin());
  const auto event = (*store)->event({4});
  ASSERT_TRUE(event);
  Event keyed = *event;
  keyed.id = {3};
  keyed.ordering_key = "k";
  Endpoint endpoint;
  endpoint.config.url = "http://receiver.example/";
  const auto other = (*store)->add_endpoint(endpoint, kStart);
  ASSERT_TRUE(other);
  const auto added = (*store)->add_delivery(keyed, {*other, Ordering::kKey}, kStart);
  ASSERT_TRUE(added) << added.error().context;
  ASSERT_TRUE((*store)->commit());
  EXPECT_EQ((*store)->delivery(added->id)->lane_key, "k");
}

}  // namespace postrider::testing
