// No embedded query reads a whole table, but those listed here with their reason.
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "store/sqlite/sqlite_store.h"

#include "tests/support/raw_db.h"
#include "tests/support/temp_dir.h"

namespace postrider::testing {
namespace {

const std::map<std::string, std::string> kMayScan{
    {"backlog", "a sampled metric: one pass over the due index"},
    {"ordered_backlog", "one pass over the index of ordering keys"},
    {"waiting_endpoints", "by endpoint that waits, a page of them"},
    {"all_endpoints", "wanted whole"},
    {"endpoints_disabled_before", "endpoints are few"},
    {"event_types_after", "types are few"},
    {"running_tasks", "a partial index of what runs"},
    {"due_count", "counts what a bounded subquery found"},
    {"recent_sends", "once per start, a period's worth"},
    {"failing_endpoints", "a partial index of what is failing"},
    {"open_circuits", "a partial index of what is open"},
    {"endpoint_health", "counts what bounded subqueries found"},
    {"endpoint_counts", "a sampled metric: one pass over the endpoints"},
    {"outbox", "the outbox is short and read from its start"},
    {"outbox_waiting", "stops at the first row"},
    {"has_tables", "stops at the first row"},
    {"applied_migrations", "migrations are few"},
    {"prune_idempotency", "from the oldest, limited"},
    {"prune_rejected", "from the oldest, limited"},
    {"prune_endpoints", "a partial index of what is deleted"},
    {"cancel_deleted", "a partial index of what is deleted"},
    {"endpoint_ids_of_tenant", "a partial index of what is deleted, besides those of the tenant"},
    {"foreign_key_check", "reads everything"},
    {"check_deliveries", "reads everything"},
    {"check_attempts", "reads everything"},
    {"check_ids", "reads everything"},
};

/// What is done once or more for every delivery.
const std::set<std::string> kHot{
    "insert_event",
    "insert_delivery",
    "standing",
    "settle_delivered",
    "settle_retry",
    "settle_dead",
    "settle_late",
    "insert_attempt",
    "due_ids",
    "pending_delivery",
    "next_due_at",
};

struct Query {
  std::string name;
  std::string sql;
};

std::vector<Query> queries_of(const std::filesystem::path& file) {
  std::vector<Query> queries;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::string marker = "-- name: ";
    if (line.starts_with(marker)) {
      queries.push_back({line.substr(marker.size()), {}});
    } else if (!queries.empty()) {
      queries.back().sql += line + "\n";
    }
  }
  return queries;
}

/// What answers each query of the engine and of merged lists: one range of an index that holds
/// nothing else. Heads of lines come from the index alone too: SQLite does not call it covering,
/// but never moves to the row.
const std::map<std::string, std::string> kPlans{
    {"due_ids", "SEARCH delivery USING INDEX delivery_due (endpoint_id=? AND due_at_ms<?)"},
    {"next_due_at", "SEARCH delivery USING INDEX delivery_due (endpoint_id=? AND due_at_ms>?)"},
    {"head_of", "SEARCH delivery USING INDEX delivery_ordered (endpoint_id=? AND lane_key=?)"},
    {"first_head", "SEARCH delivery USING INDEX delivery_ordered (endpoint_id=? AND lane_key>?)"},
    {"next_head", "SEARCH delivery USING INDEX delivery_ordered (endpoint_id=? AND lane_key>?)"},
    {"delivery_ids_of_endpoint",
     "SEARCH delivery USING COVERING INDEX delivery_endpoint (endpoint_id=? AND id>? AND id<?)"},
    {"dead_ids_of_endpoint",
     "SEARCH delivery USING INDEX delivery_dead_endpoint "
     "(endpoint_id=? AND finished_at_ms>? AND finished_at_ms<?)"},
};

/// Returns the queries of all files.
std::vector<Query> all_queries() {
  std::vector<Query> queries;
  for (const auto& entry : std::filesystem::directory_iterator(POSTRIDER_QUERIES_DIR)) {
    if (entry.path().extension() != ".sql") continue;
    for (Query& query : queries_of(entry.path())) {
      if (query.sql.find("PRAGMA ") == std::string::npos) queries.push_back(std::move(query));
    }
  }
  return queries;
}

class QueryPlan : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(sqlite::SqliteStore::open(path_));
    db_ = std::make_unique<RawDb>(path_);
  }
  [[nodiscard]] RawDb& db() { return *db_; }

 private:
  const TempDir dir_;
  const std::string path_ = dir_.file("postrider.db");
  std::unique_ptr<RawDb> db_;
};

}  // namespace

TEST_F(QueryPlan, WhatTheEngineReadsComesFromOneRangeOfOneIndex) {
  std::size_t looked_at = 0;
  for (const char* file : {"deliveries.sql", "lists.sql", "ordered.sql"}) {
    for (const Query& query : queries_of(std::filesystem::path{POSTRIDER_QUERIES_DIR} / file)) {
      const auto plan = kPlans.find(query.name);
      if (plan == kPlans.end()) continue;
      ++looked_at;
      EXPECT_EQ(db().column("EXPLAIN QUERY PLAN " + query.sql, 3), std::vector{plan->second})
          << query.name;
    }
  }
  EXPECT_EQ(looked_at, kPlans.size());
}

TEST_F(QueryPlan, NoQueryScansATable) {
  std::size_t looked_at = 0;
  for (const Query& query : all_queries()) {
    for (const auto& step : db().column("EXPLAIN QUERY PLAN " + query.sql, 3)) {
      ++looked_at;
      if (step.starts_with("SCAN CONSTANT ROW")) continue;
      const bool scans = step.starts_with("SCAN ");
      EXPECT_TRUE(!scans || kMayScan.contains(query.name)) << query.name << ": " << step;
      const bool sorts = step.find("TEMP B-TREE") != std::string::npos;
      const bool may_sort = query.name == "deliveries_of_event" || kMayScan.contains(query.name) ||
                            query.name.starts_with("stats_of") || query.name == "expired_secrets";
      EXPECT_TRUE(!sorts || may_sort) << query.name << ": " << step;
    }
  }
  EXPECT_GT(looked_at, 50U);
}

TEST_F(QueryPlan, WhatIsDoneForEveryDeliveryMakesNoTableOfItsOwn) {
  std::size_t looked_at = 0;
  for (const Query& query : all_queries()) {
    if (!kHot.contains(query.name)) continue;
    ++looked_at;
    for (const auto& opcode : db().column("EXPLAIN " + query.sql, 1)) {
      EXPECT_NE(opcode, "OpenEphemeral") << query.name;
      EXPECT_NE(opcode, "OpenAutoindex") << query.name;
      EXPECT_NE(opcode, "SorterOpen") << query.name;
    }
  }
  EXPECT_EQ(looked_at, kHot.size());
}

}  // namespace postrider::testing
