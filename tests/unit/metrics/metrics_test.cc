#include "metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, CountsADeathByItsReasonAndByTheState) {
  Metrics metrics;
  metrics.dead(DeadReason::kGone, 2);
  metrics.dead(DeadReason::kExpired, 3);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("postrider_dead_total{reason=\"gone\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("postrider_dead_total{reason=\"expired\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("postrider_dead_total{reason=\"rejected\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("postrider_deliveries_total{state=\"dead\"} 5\n"));
}

TEST(Metrics, CountsEndpointsAndRefusedRows) {
  Metrics metrics;
  metrics.endpoints_disabled(DisabledReason::kFailing, 1);
  metrics.outbox_rejected(4);
  StoreGauges gauges;
  gauges.endpoints = {7, 2, 1};
  gauges.database_bytes = 8192;
  metrics.set_store(gauges);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("postrider_endpoints_disabled_total{reason=\"failing\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("postrider_outbox_rejected_total 4\n"));
  EXPECT_THAT(text, HasSubstr("postrider_endpoints{state=\"active\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("postrider_endpoints{state=\"paused\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("postrider_endpoints{state=\"disabled\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("postrider_database_bytes 8192\n"));
}

TEST(Metrics, HaveALogBesideTheDatabaseOnlyWhereThereIsOne) {
  Metrics sqlite;
  sqlite.set_build("1.2.3", "sqlite");
  EXPECT_THAT(sqlite.render(), HasSubstr("postrider_wal_bytes 0\n"));
  EXPECT_THAT(
      sqlite.render(), HasSubstr("postrider_build_info{store=\"sqlite\",version=\"1.2.3\"} 1\n")
  );
  Metrics postgres;
  postgres.set_build("1.2.3", "postgresql");
  EXPECT_THAT(postgres.render(), Not(HasSubstr("postrider_wal_bytes")));
}

TEST(Metrics, PutTheReasonsWhyDeliveriesWaitIntoKinds) {
  Metrics metrics;
  std::array<std::int64_t, kWaitingForCount> counts{};
  for (std::size_t i = 0; i < counts.size(); ++i) counts.at(i) = static_cast<std::int64_t>(i + 1);
  metrics.set_backlog(counts, 1.5);
  const std::string text = metrics.render();
  const auto count = [&](WaitingFor reason) {
    return std::to_string(counts.at(static_cast<std::size_t>(reason)));
  };
  const std::pair<const char*, std::string> kinds[] = {
      {"due", count(WaitingFor::kDue)},
      {"circuit", count(WaitingFor::kCircuit)},
      {"throttled", count(WaitingFor::kThrottle)},
      {"rate_limited", count(WaitingFor::kRateLimit)},
      {"ordered", count(WaitingFor::kOrder)},
      {"paused", count(WaitingFor::kPaused)},
      {"disabled", count(WaitingFor::kDisabled)},
      {"scheduled", "5"}};
  for (const auto& [kind, value] : kinds)
    EXPECT_THAT(text, HasSubstr(std::string("postrider_backlog{kind=\"") + kind + "\"} " + value));
  EXPECT_THAT(text, HasSubstr("postrider_oldest_due_seconds 1.5\n"));
}

TEST(Metrics, CountAnswersOfTheApiByThePatternOfTheirRoute) {
  Metrics metrics;
  metrics.http_request("/v1/events/{id}", "GET", 200, Millis{3});
  metrics.http_request("/v1/events/{id}", "GET", 200, Millis{700});
  metrics.http_request("/v1/events/{id}", "BREW", 405, Millis{0});
  metrics.http_request("", "GET", 404, Millis{0});
  const std::string text = metrics.render();
  const auto count = [](const char* method, const char* route, int status, int value) {
    return std::string("postrider_http_requests_total{method=\"") + method + "\",route=\"" + route +
           "\",status=\"" + std::to_string(status) + "\"} " + std::to_string(value) + "\n";
  };
  EXPECT_THAT(text, HasSubstr(count("GET", "/v1/events/{id}", 200, 2)));
  EXPECT_THAT(text, HasSubstr(count("other", "/v1/events/{id}", 405, 1)));
  EXPECT_THAT(text, HasSubstr(count("GET", "none", 404, 1)));
  const std::string buckets =
      "postrider_http_request_duration_seconds_bucket{route=\"/v1/events/{id}\",le=";
  EXPECT_THAT(text, HasSubstr(buckets + "\"0.005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(buckets + "\"+Inf\"} 3\n"));
}

TEST(Metrics, HaveTheStandardFiguresOfTheProcess) {
  const std::string text = Metrics{}.render();
  for (const char* name :
       {"process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name + " ")) << name;
  }
}

}  // namespace
}  // namespace postrider
