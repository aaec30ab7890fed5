// Metrics defines the Prometheus metrics. Names and labels are a public interface; see
// docs/guides/metrics.md.
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
  void attempt(AttemptClass kind, Millis duration);
  /// `latency`: from the event's acceptance to the end of the successful attempt.
  void delivered(Millis latency);
  /// Counts deliveries that ended in `state`. Dead deliveries are counted by dead() instead.
  void deliveries_ended(DeliveryState state, std::int64_t count);
  void dead(DeadReason reason, std::int64_t count);
  void endpoints_disabled(DisabledReason reason, std::int64_t count);
  void outbox_rejected(std::int64_t rows);
  /// Counts attempts that changed nothing: their response came too late, or their request may have
  /// been repeated after a crash.
  void late_answers(std::int64_t count);
  void commit(double seconds, std::int64_t rows);

  /// Counts a response of the API. `route` is the pattern of its route, or empty if no route
  /// matches. Each pattern is kept; there are few.
  void http_request(std::string_view route, std::string_view method, int status, Millis duration);

  void set_in_flight(std::int64_t count);
  /// `counts` are pending deliveries by WaitingFor.
  void set_backlog(
      const std::array<std::int64_t, kWaitingForCount>& counts, double oldest_due_seconds
  );
  void set_dead_letters(std::int64_t count);
  void set_store(const StoreGauges& gauges);
  /// Must be called once.
  void set_build(std::string_view version, std::string_view store);
  void set_ready(bool ready);
  void set_circuits_open(std::int64_t count);
  void set_partitions(std::int64_t count);

  /// Returns the metrics in the text exposition format, version 0.0.4.
  [[nodiscard]] std::string render() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Returns nothing for an attempt that ended before a request was made.
[[nodiscard]] std::optional<AttemptClass> attempt_class(const Attempt& attempt);
[[nodiscard]] std::string_view to_string(AttemptClass kind);

}  // namespace postrider
