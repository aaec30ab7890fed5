#include "tests/sim/tables.h"

#include <stdexcept>

#include <nlohmann/json.hpp>
#include <sqlite3.h>

namespace postrider::sim {
namespace {

std::string text_of(sqlite3_stmt* row, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

std::int64_t number_of(sqlite3_stmt* row, int column) { return sqlite3_column_int64(row, column); }
int int_of(sqlite3_stmt* row, int column) { return sqlite3_column_int(row, column); }

}  // namespace

Tables::Tables(const std::string& path) {
  if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) throw std::runtime_error("cannot open tables");
  sqlite3_busy_timeout(db_, 1000);
  run("PRAGMA synchronous = OFF");
}

Tables::~Tables() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(db_);
}

void Tables::run(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(std::string{sqlite3_errmsg(db_)} + ": " + sql);
}

void Tables::query(const char* sql, std::int64_t parameter, const OnRow& on_row) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr && sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) != SQLITE_OK) {
    throw std::runtime_error(std::string{sqlite3_errmsg(db_)} + ": " + sql);
  }
  if (sqlite3_bind_parameter_count(statement) > 0) sqlite3_bind_int64(statement, 1, parameter);
  int code = sqlite3_step(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) on_row(statement);
  sqlite3_reset(statement);
  if (code != SQLITE_DONE) throw std::runtime_error(std::string{sqlite3_errmsg(db_)} + ": " + sql);
}

std::map<std::int64_t, DeliveryRow> Tables::deliveries() {
  std::map<std::int64_t, DeliveryRow> rows;
  query(
      "SELECT id, event_id, endpoint_id, state, due_at_ms, attempts_count, "
      "schedule_attempts_count, round, dead_reason, finished_at_ms, discarded, lane_key FROM "
      "delivery",
      0,
      [&](sqlite3_stmt* row) {
        DeliveryRow read;
        read.id = number_of(row, 0);
        read.event = number_of(row, 1);
        read.endpoint = number_of(row, 2);
        read.state = text_of(row, 3);
        read.due_at_ms = number_of(row, 4);
        read.attempts = int_of(row, 5);
        read.schedule_attempts = int_of(row, 6);
        read.round = int_of(row, 7);
        read.dead_reason = text_of(row, 8);
        read.finished_at_ms = number_of(row, 9);
        read.discarded = int_of(row, 10) != 0;
        if (sqlite3_column_type(row, 11) != SQLITE_NULL) read.lane_key = text_of(row, 11);
        rows.emplace(read.id, std::move(read));
      }
  );
  return rows;
}

std::map<std::int64_t, EndpointRow> Tables::endpoints() {
  std::map<std::int64_t, EndpointRow> rows;
  query(
      "SELECT id, state, state_reason, state_changed_at_ms, failing_since_ms, "
      "failed_attempts_count, deleted_at_ms IS NOT NULL, config, health_round, "
      "circuit_opened_at_ms, next_probe_at_ms, probe_delay_ms FROM endpoint",
      0,
      [&](sqlite3_stmt* row) {
        EndpointRow read;
        read.id = number_of(row, 0);
        read.state = text_of(row, 1);
        read.reason = text_of(row, 2);
        read.state_changed_at_ms = number_of(row, 3);
        read.failing_since_ms = number_of(row, 4);
        read.failed_attempts = number_of(row, 5);
        read.deleted = int_of(row, 6) != 0;
        read.config = text_of(row, 7);
        read.health_round = number_of(row, 8);
        read.circuit_opened_at_ms = number_of(row, 9);
        read.next_probe_at_ms = number_of(row, 10);
        read.probe_delay_ms = number_of(row, 11);
        rows.emplace(read.id, std::move(read));
      }
  );
  query(
      "SELECT endpoint_id, value, expires_at_ms FROM endpoint_secret "
      "ORDER BY endpoint_id, position",
      0,
      [&](sqlite3_stmt* row) {
        rows.at(number_of(row, 0)).secrets.push_back({text_of(row, 1), number_of(row, 2)});
      }
  );
  return rows;
}

std::vector<EventRow> Tables::events_after(std::int64_t id) {
  std::vector<EventRow> rows;
  query(
      "SELECT id, tenant, type, data, created_at_ms, deliver_at_ms, expires_at_ms, "
      "ordering_key FROM event "
      "WHERE id > ? ORDER BY id",
      id,
      [&](sqlite3_stmt* row) {
        rows.push_back(
            {number_of(row, 0),
             text_of(row, 1),
             text_of(row, 2),
             text_of(row, 3),
             number_of(row, 4),
             number_of(row, 5),
             number_of(row, 6),
             text_of(row, 7)}
        );
      }
  );
  return rows;
}

std::set<std::int64_t> Tables::event_ids() {
  std::set<std::int64_t> ids;
  query("SELECT id FROM event", 0, [&](sqlite3_stmt* row) { ids.insert(number_of(row, 0)); });
  return ids;
}

std::vector<RejectedRow> Tables::rejected() {
  std::vector<RejectedRow> rows;
  query("SELECT reason, data FROM outbox_rejected", 0, [&](sqlite3_stmt* row) {
    rows.push_back({text_of(row, 0), text_of(row, 1)});
  });
  return rows;
}

std::vector<std::string> Tables::outbox() {
  std::vector<std::string> rows;
  query("SELECT data FROM outbox", 0, [&](sqlite3_stmt* row) { rows.push_back(text_of(row, 0)); });
  return rows;
}

std::int64_t Tables::number(const char* sql) {
  std::int64_t found = 0;
  query(sql, 0, [&](sqlite3_stmt* row) { found = number_of(row, 0); });
  return found;
}

std::string Tables::text(const char* sql) {
  std::string found;
  query(sql, 0, [&](sqlite3_stmt* row) { found = text_of(row, 0); });
  return found;
}

ParsedConfig parse_config(const std::string& config) {
  const auto value = nlohmann::json::parse(config);
  ParsedConfig parsed;
  parsed.url = value.value("url", "");
  parsed.max_in_flight = value.value("max_in_flight", 0);
  parsed.strict = value.value("ordering", "none") == "strict";
  parsed.transform = value.value("transform", "");
  if (value.contains("rate_limit")) {
    const auto& rate = value.at("rate_limit");
    parsed.rate_limit = {rate.at("limit").get<int>(), Millis{rate.at("period_ms").get<int>()}};
  }
  if (!value.contains("retry")) return parsed;
  const auto& retry = value.at("retry");
  RetryPolicy policy;
  policy.kind = retry.value("kind", "schedule") == "schedule" ? RetryPolicy::Kind::kSchedule
                                                              : RetryPolicy::Kind::kExponential;
  for (const auto& delay : retry.value("delays_ms", nlohmann::json::array()))
    policy.delays.emplace_back(delay.get<std::int64_t>());
  policy.initial = Millis{retry.value("initial_ms", policy.initial.count())};
  policy.factor = retry.value("factor", policy.factor);
  policy.delay_max = Millis{retry.value("max_ms", policy.delay_max.count())};
  policy.attempts_max = retry.value("max_attempts", policy.attempts_max);
  policy.jitter = retry.value("jitter", policy.jitter);
  parsed.retry = policy;
  return parsed;
}

}  // namespace postrider::sim
