#include "app/postrider/service_log.h"

#include <string>

#include <fmt/format.h>

#include "app/postrider/database_address.h"
#include "base/log.h"
#include "domain/retry_policy.h"

namespace postrider::cli {
namespace {

std::string delays_text(const std::vector<Millis>& delays) {
  std::string text;
  for (const Millis delay : delays) {
    if (!text.empty()) text += ',';
    text += std::to_string(delay.count());
  }
  return text;
}

double days_of(Millis time) {
  return std::chrono::duration<double, std::ratio<86'400>>(time).count();
}

}  // namespace

void log_started(const ServeOptions& options, std::string_view url) {
  const bool is_postgres = is_postgres_url(options.db);
  const auto& delays =
      options.retry_delays.empty() ? default_retry_policy().delays : options.retry_delays;
  log::info(
      "service started",
      {{"version", POSTRIDER_VERSION},
       {"store", is_postgres ? "postgresql" : "sqlite"},
       {"database", shown_database(options.db)},
       {"url", url},
       {"max_in_flight", options.max_in_flight},
       {"timeout_ms", options.timeout},
       {"retry_delays_ms", delays_text(delays)},
       {"retention_days", days_of(options.retention)},
       {"hold_disabled_days", options.hold_disabled_days},
       {"max_event_bytes", options.max_event_bytes},
       {"api_threads", options.api_threads},
       {"allow_net", fmt::format("{}", fmt::join(options.allow_nets, ","))},
       {"root_key", options.root_key.has_value()},
       {"drain_s", options.drain.count()},
       {"lease_s", is_postgres ? std::optional{options.lease.count()} : std::nullopt}}
  );
}

}  // namespace postrider::cli
