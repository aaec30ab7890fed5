#include "metrics/metrics.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/mutex.h"
#include "metrics/process_figures.h"

namespace postrider {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

constexpr std::array<std::string_view, kAttemptClassCount> kClassNames = {
    "2xx", "3xx", "4xx", "5xx", "timeout", "connect", "tls", "dns", "blocked"};

constexpr std::array<std::string_view, 8> kBacklogKinds = {
    "due", "scheduled", "circuit", "throttled", "rate_limited", "ordered", "paused", "disabled"};

/// Returns an index of kBacklogKinds.
std::size_t backlog_kind(WaitingFor reason) {
  switch (reason) {
    case WaitingFor::kDue:
      return 0;
    case WaitingFor::kSchedule:
    case WaitingFor::kDeliverAt:
      return 1;
    case WaitingFor::kCircuit:
      return 2;
    case WaitingFor::kThrottle:
      return 3;
    case WaitingFor::kRateLimit:
      return 4;
    case WaitingFor::kOrder:
      return 5;
    case WaitingFor::kPaused:
      return 6;
    case WaitingFor::kDisabled:
      return 7;
  }
  return 0;
}

using Buckets = prometheus::Histogram::BucketBoundaries;

Buckets seconds_buckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

// The buckets reach up to a week, because deliveries may wait for days.
Buckets latency_buckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,  0.25,  0.5,   1,
          2.5,   5,      10,    60,   300,   1800, 7200, 36000, 86400, 604800};
}

Buckets rows_buckets() { return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384}; }

double seconds(Millis duration) { return static_cast<double>(duration.count()) / 1000.0; }

/// Adds one metric to the family for each enumerator, with its name as the label.
template <class Enum, class Metric, std::size_t N>
void add_each(
    prometheus::Family<Metric>& family, const char* label, std::array<Metric*, N>& metrics
) {
  for (std::size_t i = 0; i < N; ++i)
    metrics[i] = &family.Add({{label, std::string{to_string(static_cast<Enum>(i))}}});
}

constexpr std::array<std::string_view, 7> kMethods = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/// Returns the method as a label, or "other", because clients may send any word as the method.
std::string_view method_label(std::string_view method) {
  const auto* const known = std::find(kMethods.begin(), kMethods.end(), method);
  return known == kMethods.end() ? "other" : *known;
}

Buckets http_buckets() { return {0.005, 0.025, 0.1, 0.5, 2.5, 10}; }

/// The metrics of one route of the API. Routes are never removed, so references to them stay valid.
struct HttpRoute {
  std::string route;
  prometheus::Histogram* duration = nullptr;
  std::map<std::pair<std::string_view, int>, prometheus::Counter*> requests;
};

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Counter& events_accepted =
      BuildCounter()
          .Name("postrider_events_accepted_total")
          .Help("Events answered with 202 or taken up from the SQL outbox")
          .Register(registry)
          .Add({});
  prometheus::Family<prometheus::Counter>& attempts_family =
      BuildCounter()
          .Name("postrider_attempts_total")
          .Help("Requests made, by the class of their answer")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& deliveries_family =
      BuildCounter()
          .Name("postrider_deliveries_total")
          .Help("Deliveries that reached a final state")
          .Register(registry);
  prometheus::Counter& late_answers =
      BuildCounter()
          .Name("postrider_late_answers_total")
          .Help("Answers to requests whose delivery somebody had changed meanwhile")
          .Register(registry)
          .Add({});
  prometheus::Histogram& latency = BuildHistogram()
                                       .Name("postrider_delivery_latency_seconds")
                                       .Help("From accepting an event to the 2xx of a delivery")
                                       .Register(registry)
                                       .Add({}, latency_buckets());
  prometheus::Histogram& attempt_duration = BuildHistogram()
                                                .Name("postrider_attempt_duration_seconds")
                                                .Help("Duration of requests to subscribers")
                                                .Register(registry)
                                                .Add({}, seconds_buckets());
  prometheus::Gauge& in_flight = BuildGauge()
                                     .Name("postrider_in_flight")
                                     .Help("Requests sent whose outcome is not committed yet")
                                     .Register(registry)
                                     .Add({});
  prometheus::Family<prometheus::Gauge>& backlog_family =
      BuildGauge()
          .Name("postrider_backlog")
          .Help("Pending deliveries, by what they wait for; sampled")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& dead_family =
      BuildCounter()
          .Name("postrider_dead_total")
          .Help("Deliveries that died, by the reason")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& disabled_family =
      BuildCounter()
          .Name("postrider_endpoints_disabled_total")
          .Help("Endpoints that were disabled, by the reason")
          .Register(registry);
  prometheus::Counter& outbox_rejected =
      BuildCounter()
          .Name("postrider_outbox_rejected_total")
          .Help("Rows of the SQL outbox that were refused and moved to outbox_rejected")
          .Register(registry)
          .Add({});
  prometheus::Family<prometheus::Gauge>& endpoints_family =
      BuildGauge()
          .Name("postrider_endpoints")
          .Help("Registered endpoints, by their state; sampled")
          .Register(registry);
  prometheus::Gauge& database_bytes = BuildGauge()
                                          .Name("postrider_database_bytes")
                                          .Help("Size of the database; sampled")
                                          .Register(registry)
                                          .Add({});
  prometheus::Family<prometheus::Gauge>& wal_family =
      BuildGauge()
          .Name("postrider_wal_bytes")
          .Help("Size of the write-ahead log beside the SQLite database; sampled")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& build_family =
      BuildGauge()
          .Name("postrider_build_info")
          .Help("Always 1: the version of the program and the kind of its store")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& http_requests_family =
      BuildCounter()
          .Name("postrider_http_requests_total")
          .Help("Answers of the API, by the pattern of their route")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& http_duration_family =
      BuildHistogram()
          .Name("postrider_http_request_duration_seconds")
          .Help("From the head of a request to its answer, or to the head of a stream")
          .Register(registry);
  Mutex http_mutex;
  std::map<std::string, HttpRoute, std::less<>> http_routes POSTRIDER_GUARDED_BY(http_mutex);
  prometheus::Gauge& oldest_due = BuildGauge()
                                      .Name("postrider_oldest_due_seconds")
                                      .Help(
                                          "For how long the oldest delivery that could be sent now "
                                          "has been due; sampled"
                                      )
                                      .Register(registry)
                                      .Add({});
  prometheus::Gauge& partitions =
      BuildGauge()
          .Name("postrider_partitions")
          .Help("Partitions of the endpoints, of 256, that this node sends for")
          .Register(registry)
          .Add({});
  prometheus::Gauge& ready = BuildGauge()
                                 .Name("postrider_ready")
                                 .Help("1 while /readyz answers 200, else 0")
                                 .Register(registry)
                                 .Add({});
  prometheus::Gauge& circuits_open = BuildGauge()
                                         .Name("postrider_circuits_open")
                                         .Help("Active endpoints that are sent only probes")
                                         .Register(registry)
                                         .Add({});
  prometheus::Gauge& dead_letters = BuildGauge()
                                        .Name("postrider_dead_letters")
                                        .Help("Dead letters that are not discarded; sampled")
                                        .Register(registry)
                                        .Add({});
  prometheus::Histogram& commit_seconds = BuildHistogram()
                                              .Name("postrider_commit_seconds")
                                              .Help("Duration of group commits, fsync included")
                                              .Register(registry)
                                              .Add({}, seconds_buckets());
  prometheus::Histogram& commit_rows = BuildHistogram()
                                           .Name("postrider_commit_rows")
                                           .Help("Changes per group commit")
                                           .Register(registry)
                                           .Add({}, rows_buckets());
  std::array<prometheus::Counter*, kAttemptClassCount> attempts{};
  std::array<prometheus::Counter*, 4> deliveries{};
  std::array<prometheus::Gauge*, kBacklogKinds.size()> backlog{};
  std::array<prometheus::Counter*, kDeadReasonCount> dead{};
  std::array<prometheus::Counter*, kDisabledReasonCount> disabled{};
  std::array<prometheus::Gauge*, kEndpointStateCount> endpoints{};

  HttpRoute& http_route(std::string_view route) {
    const std::string_view label = route.empty() ? "none" : route;
    const MutexLock lock(http_mutex);
    const auto found = http_routes.find(label);
    if (found != http_routes.end()) return found->second;
    HttpRoute& added = http_routes[std::string{label}];
    added.route = label;
    added.duration = &http_duration_family.Add({{"route", added.route}}, http_buckets());
    return added;
  }

  prometheus::Counter& http_requests(HttpRoute& route, std::string_view method, int status) {
    const std::string_view label = method_label(method);
    const MutexLock lock(http_mutex);
    prometheus::Counter*& counter = route.requests[{label, status}];
    if (counter == nullptr) {
      counter = &http_requests_family.Add(
          {{"route", route.route},
           {"method", std::string{label}},
           {"status", std::to_string(status)}}
      );
    }
    return *counter;
  }

  Impl() {
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      attempts[i] = &attempts_family.Add({{"class", std::string{kClassNames[i]}}});
    }
    for (const auto state :
         {DeliveryState::kDelivered, DeliveryState::kDead, DeliveryState::kCancelled}) {
      deliveries[static_cast<std::size_t>(state)] =
          &deliveries_family.Add({{"state", std::string{to_string(state)}}});
    }
    add_each<DeadReason>(dead_family, "reason", dead);
    add_each<DisabledReason>(disabled_family, "reason", disabled);
    add_each<EndpointState>(endpoints_family, "state", endpoints);
    for (std::size_t i = 0; i < backlog.size(); ++i) {
      backlog[i] = &backlog_family.Add({{"kind", std::string{kBacklogKinds[i]}}});
    }
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::events_accepted(std::int64_t count) {
  impl_->events_accepted.Increment(static_cast<double>(count));
}

void Metrics::attempt(AttemptClass kind, Millis duration) {
  impl_->attempts[static_cast<std::size_t>(kind)]->Increment();
  impl_->attempt_duration.Observe(seconds(duration));
}

void Metrics::delivered(Millis latency) { impl_->latency.Observe(seconds(latency)); }

void Metrics::deliveries_ended(DeliveryState state, std::int64_t count) {
  prometheus::Counter* counter = impl_->deliveries[static_cast<std::size_t>(state)];
  if (counter != nullptr) counter->Increment(static_cast<double>(count));
}

void Metrics::dead(DeadReason reason, std::int64_t count) {
  if (count == 0) return;
  deliveries_ended(DeliveryState::kDead, count);
  impl_->dead[static_cast<std::size_t>(reason)]->Increment(static_cast<double>(count));
}

void Metrics::endpoints_disabled(DisabledReason reason, std::int64_t count) {
  if (count == 0) return;
  impl_->disabled[static_cast<std::size_t>(reason)]->Increment(static_cast<double>(count));
}

void Metrics::outbox_rejected(std::int64_t rows) {
  impl_->outbox_rejected.Increment(static_cast<double>(rows));
}

void Metrics::late_answers(std::int64_t count) {
  impl_->late_answers.Increment(static_cast<double>(count));
}

void Metrics::commit(double duration_seconds, std::int64_t rows) {
  impl_->commit_seconds.Observe(duration_seconds);
  impl_->commit_rows.Observe(static_cast<double>(rows));
}

void Metrics::http_request(
    std::string_view route, std::string_view method, int status, Millis duration
) {
  HttpRoute& known = impl_->http_route(route);
  impl_->http_requests(known, method, status).Increment();
  known.duration->Observe(seconds(duration));
}

void Metrics::set_in_flight(std::int64_t count) {
  impl_->in_flight.Set(static_cast<double>(count));
}

void Metrics::set_backlog(
    const std::array<std::int64_t, kWaitingForCount>& counts, double oldest_due_seconds
) {
  std::array<std::int64_t, kBacklogKinds.size()> sums{};
  for (std::size_t i = 0; i < counts.size(); ++i)
    sums.at(backlog_kind(static_cast<WaitingFor>(i))) += counts[i];
  for (std::size_t i = 0; i < sums.size(); ++i)
    impl_->backlog[i]->Set(static_cast<double>(sums[i]));
  impl_->oldest_due.Set(oldest_due_seconds);
}

void Metrics::set_partitions(std::int64_t count) {
  impl_->partitions.Set(static_cast<double>(count));
}

void Metrics::set_ready(bool ready) { impl_->ready.Set(ready ? 1 : 0); }

void Metrics::set_circuits_open(std::int64_t count) {
  impl_->circuits_open.Set(static_cast<double>(count));
}
void Metrics::set_dead_letters(std::int64_t count) {
  impl_->dead_letters.Set(static_cast<double>(count));
}

void Metrics::set_store(const StoreGauges& gauges) {
  for (std::size_t i = 0; i < kEndpointStateCount; ++i)
    impl_->endpoints[i]->Set(static_cast<double>(gauges.endpoints[i]));
  impl_->database_bytes.Set(static_cast<double>(gauges.database_bytes));
  if (gauges.wal_bytes) impl_->wal_family.Add({}).Set(static_cast<double>(*gauges.wal_bytes));
}

void Metrics::set_build(std::string_view version, std::string_view store) {
  impl_->build_family.Add({{"version", std::string{version}}, {"store", std::string{store}}}
  ).Set(1);
  if (store == "sqlite") impl_->wal_family.Add({});
}

std::string Metrics::render() const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  std::vector<prometheus::MetricFamily> process = process_figures();
  std::move(process.begin(), process.end(), std::back_inserter(families));
  return prometheus::TextSerializer{}.Serialize(families);
}

std::optional<AttemptClass> attempt_class(const Attempt& attempt) {
  switch (attempt.outcome) {
    case Outcome::kTimeout:
      return AttemptClass::kTimeout;
    case Outcome::kConnect:
    case Outcome::kResponseInvalid:
      return AttemptClass::kConnect;
    case Outcome::kTls:
      return AttemptClass::kTls;
    case Outcome::kDns:
      return AttemptClass::kDns;
    case Outcome::kBlocked:
      return AttemptClass::kBlocked;
    case Outcome::kSuccess:
    case Outcome::kHttpError:
    case Outcome::kRejected:
    case Outcome::kGone:
      break;
  }
  // No request was made: a program of the attempt failed, or no token was available.
  if (attempt.status == 0) return std::nullopt;
  if (attempt.status >= 500) return AttemptClass::k5xx;
  if (attempt.status >= 400) return AttemptClass::k4xx;
  if (attempt.status >= 300 || attempt.status < 200) return AttemptClass::k3xx;
  return AttemptClass::k2xx;
}

std::string_view to_string(AttemptClass kind) {
  return kClassNames[static_cast<std::size_t>(kind)];
}

}  // namespace postrider
