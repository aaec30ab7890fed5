// Which databases are migrated, and which are refused.
#include "store/postgres/database.h"

#include <array>
#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "store/migration_files.h"
#include "store/postgres/pg_store.h"

#include "tests/support/must.h"
#include "tests/support/pg_database.h"

namespace postrider::testing {
namespace {

using postgres::open_readable;
using postgres::open_writable;
using postgres::PgReaders;
using postgres::PgStore;

constexpr const char* kCountTables =
    "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
constexpr const char* kMigrations = "SELECT number || ' ' || checksum FROM migration ORDER BY 1";

std::string migration(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(std::string{POSTRIDER_MIGRATIONS_DIR} + "/" + name).rdbuf();
  return text.str();
}

/// The sentence for people.
std::string refusal(const PgDatabase& database) {
  const auto refused = open_writable(database.url());
  if (refused) return "not refused";
  EXPECT_EQ(refused.error().code, Errc::kCorrupt) << refused.error().context;
  return refused.error().context;
}

}  // namespace

TEST(PgDatabase, EmptyOneIsMigratedOnce) {
  const PgDatabase database(PgContent::kEmpty);
  ASSERT_TRUE(open_writable(database.url()));
  RawPg client(database.url());
  const auto applied = client.column(kMigrations);
  EXPECT_EQ(applied.size(), static_cast<std::size_t>(postgres::newest_version()));
  ASSERT_TRUE(open_writable(database.url()));
  EXPECT_EQ(client.column(kMigrations), applied);
}

TEST(PgDatabase, NodesThatStartAtOnceMigrateItOnce) {
  const PgDatabase database(PgContent::kEmpty);
  std::array<Errc, 4> outcomes{};
  std::array<bool, 4> opened{};
  {
    std::vector<std::jthread> nodes;
    for (std::size_t i = 0; i < opened.size(); ++i) {
      nodes.emplace_back([&, i] {
        const auto db = open_writable(database.url());
        opened.at(i) = db.has_value();
        if (!db) outcomes.at(i) = db.error().code;
      });
    }
  }
  for (std::size_t i = 0; i < opened.size(); ++i)
    EXPECT_TRUE(opened.at(i)) << static_cast<int>(outcomes.at(i));
  EXPECT_EQ(
      RawPg(database.url()).column(kMigrations).size(),
      static_cast<std::size_t>(postgres::newest_version())
  );
}

TEST(PgDatabase, ReaderWantsAMigratedOne) {
  const PgDatabase database(PgContent::kEmpty);
  const auto refused = open_readable(database.url());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kNotFound);
}

TEST(PgDatabase, NewerSchemaIsRefused) {
  const PgDatabase database;
  RawPg client(database.url());
  ASSERT_EQ(client.exec("INSERT INTO migration VALUES (99, '0099_later.sql', '0')"), "");
  EXPECT_EQ(refusal(database), "the schema public has a migration that this program does not know");
  EXPECT_EQ(open_readable(database.url()).error().code, Errc::kCorrupt);
  const auto own = static_cast<std::size_t>(postgres::newest_version());
  EXPECT_EQ(client.column(kMigrations).size(), own + 1) << "it is left as it is";
}

TEST(PgDatabase, SchemaOfAnotherVersionOfAFileIsRefused) {
  const PgDatabase database;
  ASSERT_EQ(RawPg(database.url()).exec("UPDATE migration SET checksum = '0' WHERE number = 3"), "");
  EXPECT_EQ(
      refusal(database),
      "the schema public was migrated by another version of 0003_order_deliveries.sql"
  );
}

TEST(PgDatabase, TablesOfAnotherApplicationAreRefusedAndLeftAlone) {
  for (const std::string table : {"event", "migration"}) {
    const PgDatabase database(PgContent::kEmpty);
    RawPg client(database.url());
    ASSERT_EQ(client.exec("CREATE TABLE " + table + " (anything text)"), "");
    EXPECT_NE(refusal(database).find("tables of another application"), std::string::npos);
    EXPECT_EQ(client.column(kCountTables), std::vector<std::string>{"1"});
  }
}

TEST(PgDatabase, LostTableIsDamage) {
  const PgDatabase database;
  const auto store = must(PgStore::open(database.url(), PgStore::kNoNode));
  const auto reader = must(PgReaders(database.url()).open());
  ASSERT_EQ(RawPg(database.url()).exec("DROP TABLE delivery CASCADE"), "");
  const auto page = reader->deliveries({}, {});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Errc::kCorrupt);
}

TEST(PgDatabase, SaltIsDrawnOnceForEach) {
  const PgDatabase first(PgContent::kEmpty);
  const PgDatabase second(PgContent::kEmpty);
  must(open_writable(first.url()));
  must(open_writable(second.url()));
  const auto salt = [](const PgDatabase& database) {
    return must(PgReaders(database.url()).open())->id_salt();
  };
  EXPECT_NE(salt(first), salt(second));
  EXPECT_EQ(salt(first) >> 60U, 0U);
  const auto before = salt(first);
  must(open_writable(first.url()));
  EXPECT_EQ(salt(first), before);
}

TEST(PgDatabase, WhatWaitsInOneOfVersion1WaitsInNoLine) {
  const PgDatabase database(PgContent::kEmpty);
  RawPg client(database.url());
  const std::string name = "0001_create_tables.sql";
  const std::string first = migration(name);
  ASSERT_EQ(client.exec(first), "");
  ASSERT_EQ(
      client.exec(
          "CREATE TABLE migration (number bigint PRIMARY KEY, name text NOT NULL, checksum text "
          "NOT "
          "NULL); INSERT INTO migration VALUES (1, '" +
          name + "', '" + migration_checksum(first) +
          "'); INSERT INTO endpoint (id, tenant, state, state_changed_at_ms, created_at_ms, "
          "updated_at_ms, config) VALUES (1, 'default', 'active', 1, 1, 1, "
          "'{\"url\":\"http://receiver.example/\"}'); "
          "INSERT INTO event (id, tenant, type, created_at_ms, ordering_key, data) "
          "VALUES (2, 'default', 'a', 1, 'k', '1'), (3, 'default', 'a', 1, 'k', '2'); "
          "INSERT INTO delivery (id, event_id, endpoint_id, state, due_at_ms) "
          "VALUES (5, 2, 1, 'pending', 9), (6, 3, 1, 'pending', 8)"
      ),
      ""
  );
  must(PgStore::open(database.url(), PgStore::kNoNode));
  const auto reader = must(PgReaders(database.url()).open());
  DueParams params;
  params.endpoint = {1};
  params.now = from_unix_ms(1'767'225'600'000);
  params.rows_max = 10;
  const auto page = reader->due(params);
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->rows.size(), 2U);
  EXPECT_EQ(page->rows[0].delivery.id, DeliveryId{6});
  EXPECT_FALSE(page->rows[0].delivery.lane_key);
}

}  // namespace postrider::testing
