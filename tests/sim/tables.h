// The committed state of the database, read with the simulator's own connection.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/unique_handle.h"
#include "domain/endpoint.h"

struct sqlite3;
struct sqlite3_stmt;

namespace postrider::sim {

struct DeliveryRow {
  std::int64_t id = 0;
  std::int64_t event = 0;
  std::int64_t endpoint = 0;
  std::string state;
  std::int64_t due_at_ms = 0;  ///< 0 unless pending
  int attempts = 0;
  int schedule_attempts = 0;
  int round = 0;
  std::string dead_reason;
  std::int64_t finished_at_ms = 0;
  bool discarded = false;
  std::optional<std::string> lane_key;

  bool operator==(const DeliveryRow&) const = default;
  [[nodiscard]] bool is_pending() const { return state == "pending"; }
};

struct SecretRow {
  std::string value;
  std::int64_t expires_at_ms = 0;  ///< 0 = never
  bool operator==(const SecretRow&) const = default;
};

struct EndpointRow {
  std::int64_t id = 0;
  std::string state;
  std::string reason;
  std::int64_t state_changed_at_ms = 0;
  std::int64_t failing_since_ms = 0;
  std::int64_t failed_attempts = 0;
  std::int64_t health_round = 0;
  std::int64_t circuit_opened_at_ms = 0;  ///< 0 while it is closed; so are the next two
  std::int64_t next_probe_at_ms = 0;
  std::int64_t probe_delay_ms = 0;
  bool deleted = false;
  std::string config;
  std::vector<SecretRow> secrets;

  bool operator==(const EndpointRow&) const = default;
};

struct EventRow {
  std::int64_t id = 0;
  std::string tenant;
  std::string type;
  std::string data;
  std::int64_t created_at_ms = 0;
  std::int64_t deliver_at_ms = 0;
  std::int64_t expires_at_ms = 0;
  std::string ordering_key;
};

struct RejectedRow {
  std::string reason;
  std::string data;
};

class Tables {
 public:
  explicit Tables(const std::string& path);
  ~Tables();
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  [[nodiscard]] std::map<std::int64_t, DeliveryRow> deliveries();
  [[nodiscard]] std::map<std::int64_t, EndpointRow> endpoints();
  [[nodiscard]] std::vector<EventRow> events_after(std::int64_t id);
  [[nodiscard]] std::set<std::int64_t> event_ids();
  [[nodiscard]] std::vector<RejectedRow> rejected();
  /// Returns the `data` of the rows in the outbox.
  [[nodiscard]] std::vector<std::string> outbox();
  [[nodiscard]] std::int64_t number(const char* sql);
  [[nodiscard]] std::string text(const char* sql);
  void run(const std::string& sql);

 private:
  using OnRow = std::function<void(sqlite3_stmt*)>;
  void query(const char* sql, std::int64_t parameter, const OnRow& on_row);

  sqlite3* db_ = nullptr;
  std::map<std::string, sqlite3_stmt*> statements_;
};

/// What of an endpoint's config the checkers need.
struct ParsedConfig {
  std::string url;
  int max_in_flight = 0;
  std::optional<RetryPolicy> retry;
  bool strict = false;
  std::optional<RateLimit> rate_limit;
  std::string transform;
};
[[nodiscard]] ParsedConfig parse_config(const std::string& config);

}  // namespace postrider::sim
