// What Prometheus may know. Names and labels are a public interface; see docs/guides/metrics.md.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "domain/delivery.h"
#include "domain/waiting.h"
#include "store/records.h"

namespace postrider {

/// The metrics of one service. Thread-safe. No label has a URL, a tenant or an id.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void events_accepted(std::int64_t count);
  /// `latency`: accepted to 2xx; only looked at when the attempt delivered.
  void attempt(AttemptClass kind, Millis duration);
  void delivered(Millis latency);
  /// Deliveries that died have dead() instead.
  void deliveries_ended(DeliveryState state, std::int64_t count);
  void dead(DeadReason reason, std::int64_t count);
  void endpoints_disabled(DisabledReason reason, std::int64_t count);
  void outbox_rejected(std::int64_t rows);
  /// An answer that came too late to change anything, or a request that may have been repeated
  /// after a crash.
  void late_answers(std::int64_t count);
  void commit(double seconds, std::int64_t rows);

  /// An answer of the API. `route`: the pattern of its route, empty when no route fits. Patterns
  /// are few: each is kept.
  void http_request(std::string_view route, std::string_view method, int status, Millis duration);

  void set_in_flight(std::int64_t count);
  /// `counts`: pending deliveries by WaitingFor.
  void set_backlog(
      const std::array<std::int64_t, kWaitingForCount>& counts, double oldest_due_seconds
  );
  void set_dead_letters(std::int64_t count);
  void set_store(const StoreGauges& gauges);
  /// Once.
  void set_build(std::string_view version, std::string_view store);
  void set_ready(bool ready);
  void set_circuits_open(std::int64_t count);
  void set_partitions(std::int64_t count);

  /// The text exposition format, version 0.0.4.
  [[nodiscard]] std::string render() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Nothing of an attempt that ended before a request was made.
[[nodiscard]] std::optional<AttemptClass> attempt_class(const Attempt& attempt);
[[nodiscard]] std::string_view to_string(AttemptClass kind);

}  // namespace postrider
