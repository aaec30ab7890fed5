// Every embedded query goes from range to range of an index, but those listed here with their
// reason. Sessions force this (session.sql), so that a plan made while a table was empty, or from
// statistics of yesterday, is the same: a sequential scan stands in a plan only where no index can
// serve, and then the test fails. Plans are the generic ones that sessions use, of an empty
// database and of one that is filled and analysed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "store/postgres/statement_text.h"

#include "tests/support/pg_database.h"

namespace postrider::testing {
namespace {

const std::map<std::string, std::string> kMayScan{
    {"all_endpoints", "wanted whole"},
    {"waiting_endpoints", "by endpoint that waits, a page of them"},
    {"endpoints_disabled_before", "endpoints are few"},
    {"expired_secrets", "a partial index of what expires"},
    {"running_tasks", "a partial index of what runs"},
    {"open_circuits", "a partial index of what is open"},
    {"endpoint_counts", "a sampled metric: one pass over the endpoints"},
    {"database_bytes", "reads no table"},
    {"backlog", "a sampled metric: one pass over the indexes of what is pending"},
    {"cancel_deleted", "a partial index of what is deleted"},
    {"prune_endpoints", "a partial index of what is deleted"},
    {"prune_idempotency", "from the oldest, limited"},
    {"prune_rejected", "from the oldest, limited"},
    {"recent_sends", "once per start, a period's worth"},
    {"claim", "partitions are few"},
    {"owned", "partitions are few"},
    {"failing_endpoints", "a partial index of what is failing"},
    {"endpoint_ids_of_tenant", "a partial index of what is deleted, besides those of the tenant"},
    {"join", "nodes are few"},
    {"outbox", "the outbox is short and read from its start"},
    {"outbox_waiting", "stops at the first row"},
    {"newest_delivery", "the last entry of an index"},
    {"largest_id", "the last entries of indexes, once per start"},
    {"applied_migrations", "migrations are few"},
    {"set_up_session", "reads no table"},
    {"transaction_status", "reads no table"},
    {"end_process", "sessions are few"},
};

/// Which sort a bounded number of rows.
const std::set<std::string> kMaySort{
    "all_endpoints",
    "waiting_endpoints",
    "endpoints_disabled_before",
    "endpoints_before",
    "endpoint_ids_of_tenant",
    "expired_secrets",
    "backlog",
    "endpoint_health",
    "put_last_outcomes",
    "waiting_facts",
    "expire",
    "expire_waiting",
    "expire_disabled",
    "cancel_deleted",
    "deliveries_of_event",
    "heads_of",
    "join",
    "add_stats",
    "stats_of_all",
    "stats_of_endpoint",
};

/// What the engine, the writer and lists ask for most. Their plans stand in plans.txt.
const std::set<std::string> kHot{
    "due_ids",
    "next_due_at",
    "newest_delivery",
    "due_deliveries",
    "insert_deliveries",
    "standings",
    "settle",
    "trim_sends",
    "heads_of",
    "heads_after",
    "last_attempts",
    "delivery_of",
    "idempotency",
    "deliveries_by_id",
    "events_of_all",
    "events_of_tenant",
    "deliveries_of_all",
    "deliveries_of_endpoint",
    "deliveries_of_ids",
    "delivery_ids_of_endpoint",
    "dead_ids_of_endpoint",
    "dead_of_all",
    "dead_of_endpoint",
    "dead_of_all_from",
    "dead_of_endpoint_from",
    "attempts",
};

/// Array parameters that are not of numbers, and what they are of.
const std::map<std::string, std::string> kArrays{
    {"tenants", "text"},
    {"tenant", "text"},
    {"types", "text"},
    {"ordering_keys", "text"},
    {"channels", "text"},
    {"traceparents", "text"},
    {"tracestates", "text"},
    {"metadata", "text"},
    {"data", "text"},
    {"lane_keys", "text"},
    {"states", "text"},
    {"dead_reasons", "text"},
    {"outcomes", "text"},
    {"errors", "bytea"},
    {"response_excerpts", "bytea"},
    {"values", "bytea"}};

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

/// Transactions and tables have no plan.
bool has_plan(const Query& query) {
  for (const char* verb : {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}) {
    if (query.sql.find(verb) != std::string::npos)
      return query.sql.find("CREATE") == std::string::npos;
  }
  return false;
}

std::vector<Query> all_queries() {
  std::vector<Query> queries;
  for (const auto& entry : std::filesystem::directory_iterator(POSTRIDER_QUERIES_DIR)) {
    if (entry.path().extension() != ".sql") continue;
    for (Query& query : queries_of(entry.path())) {
      if (has_plan(query)) queries.push_back(std::move(query));
    }
  }
  return queries;
}

/// The store says what its arrays are of; here the text has to.
std::string with_array_types(const std::string& sql) {
  std::string typed;
  std::size_t at = 0;
  const std::string call = "unnest(";
  for (std::size_t found = sql.find(call); found != std::string::npos; found = sql.find(call, at)) {
    const std::size_t end = sql.find(')', found);
    typed += sql.substr(at, found - at);
    for (at = found; at < end;) {
      const std::size_t next = std::min(sql.find_first_of(",)", at), end);
      const std::size_t colon = sql.find(':', at);
      typed += sql.substr(at, next - at);
      if (colon < next) {
        std::string name = sql.substr(colon + 1, next - colon - 1);
        name.erase(std::min(name.find_first_of(" \n"), name.size()));
        const auto type = kArrays.find(name);
        typed += "::" + (type == kArrays.end() ? "bigint" : type->second) + "[]";
      }
      at = next + (next < end ? 1 : 0);
      if (next < end) typed += sql[next];
    }
  }
  return typed + sql.substr(at);
}

class PgQueryPlan : public ::testing::Test {
 protected:
  PgQueryPlan() {
    for (const Query& query :
         queries_of(std::filesystem::path{POSTRIDER_QUERIES_DIR} / "session.sql")) {
      if (query.name != "set_up_session") continue;
      EXPECT_EQ(client_.column(query.sql).size(), 1U);
    }
  }

  /// Enough rows that the planner would rather read tables than indexes.
  void fill() {
    ASSERT_EQ(
        client_.exec(
            "INSERT INTO endpoint (id, tenant, state, state_changed_at_ms, created_at_ms, "
            "updated_at_ms, config) SELECT n, 't', 'active', 1, 1, 1, '{}' "
            "FROM generate_series(1, 20) AS n;"
            "INSERT INTO event (id, tenant, type, created_at_ms, data) "
            "SELECT n, 't', 'a', 1, '{}' FROM generate_series(1, 20000) AS n;"
            "INSERT INTO delivery (id, event_id, endpoint_id, state, due_at_ms, finished_at_ms, "
            "attempts_count, lane_key) SELECT n, n, 1 + n % 20, "
            "CASE WHEN n % 10 = 0 THEN 'pending' ELSE 'delivered' END, "
            "CASE WHEN n % 10 = 0 THEN n END, CASE WHEN n % 10 <> 0 THEN n END, 1, "
            "CASE WHEN n % 20 = 0 THEN 'k' || n % 7 END FROM generate_series(1, 20000) AS n;"
            "INSERT INTO attempt (delivery_id, number, id, started_at_ms, duration_ms, status, "
            "outcome) SELECT n, 1, n, 1, 1, 200, 'success' FROM generate_series(1, 20000) AS n;"
            "INSERT INTO recent_send SELECT 1 + n % 20, n, n FROM generate_series(1, 2000) AS n;"
            "INSERT INTO task (id, kind, state, total, created_at_ms, updated_at_ms) "
            "SELECT n, 'recover_endpoint', 'done', 1, 1, 1 FROM generate_series(1, 2000) AS n;"
            "INSERT INTO stat SELECT n, 't', 1 + n % 20, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 "
            "FROM generate_series(1, 2000) AS n"
        ),
        ""
    );
  }

  void analyse() { ASSERT_EQ(client_.exec("ANALYZE"), ""); }

  /// Lines of the plan.
  std::vector<std::string> plan(const Query& query) {
    const auto text = postgres::number_params(with_array_types(query.sql));
    const std::string name = "p" + std::to_string(++count_);
    EXPECT_EQ(client_.exec("PREPARE " + name + " AS " + text.sql), "") << query.name << text.sql;
    std::string arguments;
    for (int i = 0; i < text.params_count; ++i) arguments += i == 0 ? "(NULL" : ", NULL";
    if (!arguments.empty()) arguments += ')';
    return client_.column("EXPLAIN (COSTS OFF) EXECUTE " + name + arguments);
  }

  void expect_no_scan(const Query& query) {
    const auto lines = plan(query);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string& line = lines[i];
      const auto has = [&line](const char* text) { return line.find(text) != std::string::npos; };
      // There are few of these.
      const bool is_small = has("Seq Scan on node") || has("Seq Scan on partition");
      EXPECT_FALSE(has("Seq Scan") && !is_small) << query.name << ": " << line;
      const bool is_index = has("Index Scan") || has("Index Only Scan");
      const bool bounded =
          i + 1 < lines.size() && lines[i + 1].find("Index Cond:") != std::string::npos;
      EXPECT_TRUE(!is_index || bounded || kMayScan.contains(query.name))
          << query.name << ": all of " << line;
    }
  }

  /// As plans.txt has them.
  std::string plans_of(const std::set<std::string>& names) {
    std::map<std::string, std::string> plans;
    for (const Query& query : all_queries()) {
      if (!names.contains(query.name)) continue;
      std::string& text = plans[query.name];
      for (const std::string& line : plan(query)) text += "  " + line + "\n";
    }
    EXPECT_EQ(plans.size(), names.size());
    std::string all;
    for (const auto& [name, text] : plans) all += "\n" + name + "\n" + text;
    return all;
  }

  /// Queries whose rows come out of an index in the order that is asked for.
  void expect_no_sort() {
    for (const Query& query : all_queries()) {
      const bool may_sort = kMaySort.contains(query.name);
      for (const std::string& line : plan(query))
        EXPECT_TRUE(may_sort || !line.ends_with("Sort")) << query.name << ": " << line;
    }
  }

 private:
  const PgDatabase database_;
  RawPg client_{database_.url()};
  int count_ = 0;
};

}  // namespace

TEST_F(PgQueryPlan, NoQueryScansATable) {
  const auto queries = all_queries();
  EXPECT_GT(queries.size(), 60U);
  for (const Query& query : queries) expect_no_scan(query);
  fill();
  analyse();
  for (const Query& query : queries) expect_no_scan(query);
}

TEST_F(PgQueryPlan, WhatIsAskedForMostHasOnePlan) {
  fill();
  analyse();
  const std::string hot = plans_of(kHot);
  const std::string snapshot = std::string{POSTRIDER_TEST_DIR} + "/plans.txt";
  const std::string plans = "Generated; see query_plan_test.cc.\n" + hot;
  if (std::getenv("POSTRIDER_UPDATE_SNAPSHOTS") != nullptr) std::ofstream(snapshot) << plans;
  std::ostringstream stored;
  stored << std::ifstream(snapshot).rdbuf();
  EXPECT_EQ(
      stored.str(), plans
  ) << "update it: POSTRIDER_UPDATE_SNAPSHOTS=1 build/dev/bin/store_postgres_test "
       "--gtest_filter=PgQueryPlan.*";
}

TEST_F(PgQueryPlan, PlansDoNotDependOnStatistics) {
  analyse();
  fill();
  const std::string hot = plans_of(kHot);
  analyse();
  EXPECT_EQ(plans_of(kHot), hot) << "the first were made with statistics of empty tables";
}

TEST_F(PgQueryPlan, RowsComeInTheOrderOfTheirIndex) {
  expect_no_sort();
  fill();
  analyse();
  expect_no_sort();
}

}  // namespace postrider::testing
