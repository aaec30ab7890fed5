// What a copy has, and what it is afterwards.
#include "store/copy/copy.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/migration_files.h"
#include "store/postgres/pg_store.h"
#include "store/sqlite/sqlite_store.h"

#include "tests/support/must.h"
#include "tests/support/pg_proxy.h"
#include "tests/unit/store_copy/copy_database.h"

namespace postrider::testing {
namespace {

using ::testing::ElementsAre;

constexpr WallTime kStart = from_unix_ms(1'767'225'600'000);

TEST(Copy, HasEveryValueOfEveryTable) {
  const CopyDatabases databases;
  const auto copied = databases.copy();
  ASSERT_TRUE(copied) << copied.error().context;
  EXPECT_EQ(copied->start, copy::Start::kNew);
  ASSERT_EQ(copied->tables.size(), copied_tables().size());
  for (const auto& table : copied->tables)
    EXPECT_EQ(table.rows, table.name == "meta" ? 4 : kRowsOfSource) << table.name;
  databases.expect_equal();
  databases.expect_finished();
}

TEST(Copy, IsTheSameWhateverTheChunks) {
  for (const copy::ChunkLimits chunk :
       {copy::ChunkLimits{.rows_max = 1}, {.rows_max = 2}, {.rows_max = 100, .bytes_max = 1}}) {
    const CopyDatabases databases;
    const auto copied = databases.copy({}, chunk);
    ASSERT_TRUE(copied) << copied.error().context;
    databases.expect_equal();
    databases.expect_finished();
  }
}

TEST(Copy, ChunkIsBoundedByItsBytes) {
  const CopyDatabases databases;
  std::vector<std::int64_t> steps;
  const auto copied = databases.copy(
      [&steps](const copy::Progress& progress) {
        if (progress.phase == copy::Phase::kCopy && progress.table == "event")
          steps.push_back(progress.rows);
      },
      // The second and the third row are too much for one chunk.
      {.rows_max = 100, .bytes_max = 600'000}
  );
  ASSERT_TRUE(copied) << copied.error().context;
  EXPECT_THAT(steps, ElementsAre(2, 3, 3));
}

TEST(Copy, GoesIntoADatabaseWithoutTables) {
  const CopyDatabases databases(PgContent::kEmpty);
  const auto copied = databases.copy();
  ASSERT_TRUE(copied) << copied.error().context;
  databases.expect_equal();
}

TEST(Copy, OfAnEmptyDatabaseIsOneThatANodeTakes) {
  const CopyDatabases databases;
  const std::string from = databases.file("empty.db");
  must(sqlite::SqliteStore::open(from));
  const auto copied = copy::copy_database(from, databases.to(), {});
  ASSERT_TRUE(copied) << copied.error().context;
  databases.expect_finished();
  EXPECT_EQ(
      databases.target().column("SELECT value FROM meta WHERE key = 'id_salt'"),
      RawDb(from).column("SELECT value FROM meta WHERE key = 'id_salt'")
  );
}

TEST(Copy, LeavesTheSourceAsItIs) {
  const CopyDatabases databases;
  const CopyDatabases second;
  ASSERT_TRUE(databases.copy());
  // What was not changed can be copied once more.
  const auto again = copy::copy_database(databases.from(), second.to(), {});
  ASSERT_TRUE(again) << again.error().context;
  databases.expect_equal();
  EXPECT_TRUE(sqlite::SqliteStore::open(databases.from()));
}

TEST(Copy, OfAnOlderDatabaseHasTheNewestSchema) {
  const CopyDatabases databases;
  const std::string name = "0001_create_tables.sql";
  std::ostringstream text;
  text << std::ifstream(std::string{POSTRIDER_MIGRATIONS_DIR} + "/" + name).rdbuf();
  const std::string from = databases.file("old.db");
  {
    RawDb db(from);
    ASSERT_EQ(
        db.exec(
            "CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
            "checksum TEXT NOT NULL) STRICT;" +
            text.str() + "INSERT INTO migration VALUES (1, '" + name + "', '" +
            migration_checksum(text.str()) +
            "');"
            "INSERT INTO event (id, tenant, type, created_at_ms, data) "
            "VALUES (2, 'default', 'a', 1, '1')"
        ),
        SQLITE_OK
    );
  }
  const auto copied = copy::copy_database(from, databases.to(), {});
  ASSERT_TRUE(copied) << copied.error().context;
  EXPECT_EQ(databases.target().column("SELECT data FROM event"), std::vector<std::string>{"1"});
}

TEST(Copy, HasNodesDrawLargerIdsThanAreThere) {
  const CopyDatabases databases;
  // Ids were drawn that no row shows any more.
  const std::int64_t reserved = (unix_ms(kStart) + 60'000) << 20;
  ASSERT_EQ(
      databases.source().exec(
          "UPDATE meta SET value = " + std::to_string(reserved) + " WHERE key = 'id_reserved'"
      ),
      SQLITE_OK
  );
  ASSERT_TRUE(databases.copy());
  const auto store = must(postgres::PgStore::open(databases.to(), postgres::PgStore::kNoNode));
  must(store->begin());
  EventDraft draft;
  draft.type = "a.b";
  draft.data = "{}";
  const NewEvent event{.draft = draft, .targets = {}};
  const auto appended = must(store->append({&event, 1}, kStart));
  must(store->commit());
  EXPECT_GT(appended.front().id.value, reserved);
}

TEST(Copy, HasTheDatabaseDrawIdsBehindThoseThatAreThere) {
  const CopyDatabases databases;
  ASSERT_TRUE(databases.copy());
  RawPg target = databases.target();
  EXPECT_THAT(
      target.column("INSERT INTO outbox (type) VALUES ('a') RETURNING id"), ElementsAre("41")
  );
  EXPECT_THAT(
      target.column("INSERT INTO outbox_rejected (type) VALUES ('a') RETURNING id"),
      ElementsAre("10")
  );
  EXPECT_THAT(
      target.column("INSERT INTO idempotency (created_at_ms, tenant, key, body_sha256, answer) "
                    "SELECT 1, 't', 'k', body_sha256, '' FROM idempotency LIMIT 1 RETURNING id"),
      ElementsAre("21")
  );
}

TEST(Copy, KeepsPublicIdsAndWhatRateLimitsCount) {
  const CopyDatabases databases;
  ASSERT_TRUE(databases.copy());
  const auto before = must(sqlite::SqliteReaders(databases.from()).open());
  const auto after = must(postgres::PgReaders(databases.to()).open());
  EXPECT_EQ(after->id_salt(), before->id_salt());
  EXPECT_EQ(must(after->recent_sends()), must(before->recent_sends()));
  const auto store = must(postgres::PgStore::open(databases.to(), postgres::PgStore::kNoNode));
  const MonoTime now{std::chrono::microseconds{100}};
  const auto rebase = [&](std::int64_t boot) {
    store->set_boot(boot);
    must(store->begin());
    for (const auto& [endpoint, sent_at] : must(before->recent_sends()))
      must(store->rebase_sends(endpoint, now));
    must(store->commit());
  };
  rebase(12345);
  EXPECT_EQ(must(after->recent_sends()), must(before->recent_sends())) << "the clock went on";
  rebase(54321);
  for (const auto& [endpoint, sent_at] : must(after->recent_sends()))
    EXPECT_EQ(sent_at, now) << "another machine's clock";
}

TEST(Copy, ShowsEveryTableOfEveryPhase) {
  const CopyDatabases databases;
  std::map<copy::Phase, std::vector<std::string>> done;
  const auto copied = databases.copy([&done](const copy::Progress& progress) {
    if (progress.phase != copy::Phase::kRead) {
      EXPECT_LE(progress.rows, progress.rows_total) << progress.table;
      EXPECT_EQ(progress.rows_total, progress.table == "meta" ? 4 : kRowsOfSource);
    }
    if (progress.table_done) done[progress.phase].emplace_back(progress.table);
  });
  ASSERT_TRUE(copied) << copied.error().context;
  std::vector<std::string> names;
  for (const CopiedTable& table : copied_tables()) names.emplace_back(table.name);
  EXPECT_EQ(done[copy::Phase::kRead], names);
  EXPECT_EQ(done[copy::Phase::kCopy], names);
  EXPECT_EQ(done[copy::Phase::kVerify], names);
}

TEST(Copy, KeepsOtherWritersOutOfTheSource) {
  const CopyDatabases databases;
  int inserted = SQLITE_OK;
  bool served = true;
  const auto copied = databases.copy([&](const copy::Progress& progress) {
    if (progress.phase != copy::Phase::kCopy || progress.table != "event") return;
    inserted = databases.source().exec("INSERT INTO outbox (type) VALUES ('late')");
    served = postgres::PgStore::open(databases.to(), postgres::PgStore::kNoNode).has_value();
  });
  ASSERT_TRUE(copied) << copied.error().context;
  EXPECT_EQ(inserted, SQLITE_BUSY) << "the row would have stayed behind";
  EXPECT_FALSE(served);
  EXPECT_EQ(databases.source().exec("INSERT INTO outbox (type) VALUES ('later')"), SQLITE_OK);
}

TEST(Copy, IsFinishedWhenTheAnswerToItsLastCommitIsLost) {
  const CopyDatabases databases;
  PgProxy proxy(pg_server_directory());
  const auto copied = copy::copy_database(
      databases.from(),
      proxy.url(databases.to()),
      [&proxy](const copy::Progress& progress) {
        if (progress.phase == copy::Phase::kVerify && progress.table == "meta")
          proxy.cut(PgProxy::Cut::kAfterCommit);
      }
  );
  EXPECT_TRUE(copied) << copied.error().context;
  databases.expect_finished();
}

}  // namespace
}  // namespace postrider::testing
