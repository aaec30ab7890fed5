#include "bench/suite.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "bench/backlog.h"
#include "bench/commits.h"
#include "bench/endurance.h"
#include "bench/idle.h"
#include "bench/latency.h"
#include "bench/sink.h"
#include "bench/storm.h"
#include "bench/throughput.h"

namespace postrider::bench {
namespace {

constexpr std::size_t kBatch = 500;
constexpr std::size_t kBatchConnections = 4;
constexpr std::size_t kCopies = 10;

struct ThroughputCase {
  const char* name;
  std::size_t connections;
  std::size_t events_per_request;
  std::size_t data_bytes;
  std::size_t copies;
  std::size_t share;  // divisor of the suite's number of events
};

constexpr std::array<ThroughputCase, 8> kCases = {{
    {"batches of 500", kBatchConnections, kBatch, 500, 1, 1},
    {"single POSTs on 1 connection", 1, 1, 500, 1, 10},
    {"single POSTs on 8 connections", 8, 1, 500, 1, 4},
    {"single POSTs on 32 connections", 32, 1, 500, 1, 2},
    {"single POSTs on 128 connections", 128, 1, 500, 1, 2},
    {"fan-out 1:10 in batches of 500", kBatchConnections, kBatch, 500, kCopies, kCopies},
    {"5 kB in batches of 100", kBatchConnections, 100, 5'000, 1, 4},
    {"50 kB in batches of 10", kBatchConnections, 10, 50'000, 1, 20},
}};

class Suite {
 public:
  Suite(const SuiteOptions& options, const Site& site, const Progress& progress)
      : options_(options), site_(site), progress_(progress) {}

  Result<std::vector<Figure>> run() {
    for (round_ = 0; round_ < options_.rounds; ++round_) {
      if (auto done = run_round(); !done) return tl::unexpected(std::move(done).error());
    }
    if (auto done = run_long_ones(); !done) return tl::unexpected(std::move(done).error());
    return std::move(figures_);
  }

 private:
  [[nodiscard]] bool names(std::string_view name) const {
    return std::find(options_.only.begin(), options_.only.end(), name) != options_.only.end();
  }
  [[nodiscard]] bool wants(std::string_view group) const {
    return options_.only.empty() || names(group);
  }

  void tell(const std::string& doing) const {
    progress_(
        "round " + std::to_string(round_ + 1) + " of " + std::to_string(options_.rounds) + ": " +
        doing
    );
  }

  Figure& figure(const char* group, const std::string& name, const char* unit) {
    const auto known = std::find_if(figures_.begin(), figures_.end(), [&](const Figure& figure) {
      return figure.group == group && figure.name == name;
    });
    if (known != figures_.end()) return *known;
    return figures_.emplace_back(Figure{.group = group, .name = name, .unit = unit, .samples = {}});
  }

  Figure& add(const char* group, const std::string& name, const char* unit, double sample) {
    Figure& added = figure(group, name, unit);
    added.samples.push_back(sample);
    return added;
  }

  Status run_round() {
    using Step = Status (Suite::*)();
    for (const auto& [group, step] : std::initializer_list<std::pair<const char*, Step>>{
             {"commits", &Suite::commits},
             {"throughput", &Suite::throughput},
             {"latency", &Suite::latency},
             {"isolation", &Suite::isolation}}) {
      // The throughput step checks the names of its cases itself.
      const bool wanted = step == &Suite::throughput || wants(group);
      if (!wanted) continue;
      if (Status done = (this->*step)(); !done) return done;
    }
    return {};
  }

  /// Runs each of these once, independent of the number of rounds.
  Status run_long_ones() {
    using Step = Status (Suite::*)();
    for (const auto& [group, size, step] :
         std::initializer_list<std::tuple<const char*, std::size_t, Step>>{
             {"backlog", options_.backlog, &Suite::backlog},
             {"endurance", options_.endurance, &Suite::endurance},
             {"idle", options_.endpoints, &Suite::idle},
             {"storm", options_.endpoints, &Suite::storm}}) {
      if (!wants(group) || size == 0) continue;
      if (Status done = (this->*step)(); !done) return done;
    }
    return {};
  }

  Status commits() {
    for (const std::size_t rows :
         {std::size_t{1}, std::size_t{64}, std::size_t{256}, std::size_t{1024}}) {
      const std::string name = std::to_string(rows) + " events in a commit";
      tell(name);
      const std::size_t events = rows == 1 ? options_.events / 20 : options_.events;
      const auto rate = measure_commits(rows, events, site_.directory, site_.clock);
      if (!rate) return tl::unexpected(rate.error());
      add("commits", name, "events/s", *rate);
    }
    return {};
  }

  Status throughput() {
    for (const ThroughputCase& one : kCases) {
      if (!wants("throughput") && !names(one.name)) continue;
      if (auto done = throughput_of(one); !done) return done;
    }
    return {};
  }

  Status throughput_of(const ThroughputCase& one) {
    const std::string name = one.name;
    tell(name);
    const ThroughputPlan plan{
        .events = std::max(options_.events / one.share, one.events_per_request),
        .connections = one.connections,
        .events_per_request = one.events_per_request,
        .data_bytes = one.data_bytes,
        .copies = one.copies};
    const auto rates = measure_throughput(plan, site_);
    if (!rates) return tl::unexpected(rates.error());
    const std::string ceiling = fmt::format("ceiling: bare libcurl, {} bytes", one.data_bytes);
    add("throughput", ceiling, "posts/s", rates->ceiling);
    add("throughput", name + ": accepted", "events/s", rates->accepted);
    add("throughput", name + ": delivered", "deliveries/s", rates->delivered);
    add("throughput", name + ": settled", "deliveries/s", rates->settled)
        .ratios.push_back(rates->of_ceiling());
    add("throughput", name + ": processor", "us/delivery", rates->cpu_us);
    return {};
  }

  Status latency() {
    for (const double rate : {500.0, 2000.0}) {
      const std::string name = "at " + std::to_string(static_cast<int>(rate)) + " events/s";
      tell("latency " + name);
      const auto measured =
          measure_latency({.events_per_second = rate, .duration = options_.steady}, site_);
      if (!measured) return tl::unexpected(measured.error());
      add("latency", name + ": p50", "ms", measured->p50_ms);
      add("latency", name + ": p99", "ms", measured->p99_ms);
      add("latency", name + ": slowest", "ms", measured->max_ms);
      add("latency", name + ": p99 of fdatasync alone", "ms", measured->disk_p99_ms);
      add("latency", name + ": slowest fdatasync alone", "ms", measured->disk_max_ms);
    }
    return {};
  }

  Status isolation() {
    tell("isolation");
    const auto measured = measure_isolation(options_.steady, site_);
    if (!measured) return tl::unexpected(measured.error());
    add("isolation", "p99 of a healthy endpoint alone", "ms", measured->alone_p99_ms);
    const std::string name = "p99 beside 50 that hang and 1 that refuses";
    add("isolation", name, "ms", measured->beside_p99_ms)
        .ratios.push_back(measured->beside_p99_ms / measured->alone_p99_ms);
    add("isolation", "p99 of fdatasync alone, meanwhile", "ms", measured->beside_disk_p99_ms);
    return {};
  }

  Status backlog() {
    const ThroughputPlan plan{
        .events = options_.events, .connections = kBatchConnections, .events_per_request = kBatch};
    const std::string waiting = std::to_string(options_.backlog) + " waiting";
    const auto measured =
        measure_backlog(options_.backlog, plan, site_, [&](const std::string& doing) {
          progress_(waiting + ": " + doing);
        });
    if (!measured) return tl::unexpected(measured.error());
    add("backlog", "settled without a backlog", "deliveries/s", measured->empty_per_second);
    const std::string beside = "settled with " + waiting;
    add("backlog", beside, "deliveries/s", measured->beside_per_second)
        .ratios.push_back(measured->beside_to_empty);
    add("backlog", "memory", "MiB", measured->memory_mb);
    add("backlog", "restart until it listens", "ms", measured->restart_ms);
    add("backlog", "from then to the first delivery", "ms", measured->first_ms);
    add("backlog", "fresh events of one endpoint", "deliveries/s", measured->fresh_per_second);
    add("backlog", "draining its backlog", "deliveries/s", measured->drain_per_second)
        .ratios.push_back(measured->drain_to_fresh);
    add("backlog", "database", "bytes/delivery", measured->bytes_per_delivery);
    return {};
  }

  Status endurance() {
    const std::string work = std::to_string(options_.endurance) + " events: ";
    const auto measured = measure_endurance(
        options_.endurance, site_, [&](const std::string& doing) { progress_(work + doing); }
    );
    if (!measured) return tl::unexpected(measured.error());
    add("endurance", "settled, first tenth", "deliveries/s", measured->first_per_second);
    add("endurance", "settled, last tenth", "deliveries/s", measured->last_per_second)
        .ratios.push_back(measured->last_to_first);
    add("endurance", "commits above 250 ms", "commits", measured->slow_commits);
    add("endurance", "largest log", "MiB", measured->log_mb);
    add("endurance", "database after one half", "MiB", measured->database_mb_half);
    add("endurance", "database at the end", "MiB", measured->database_mb);
    add("endurance", "memory after one tenth", "MiB", measured->memory_mb_first);
    add("endurance", "memory at the end", "MiB", measured->memory_mb);
    return {};
  }

  Status idle() {
    const std::string name = std::to_string(options_.endpoints) + " endpoints";
    progress_(name + ": idle");
    const auto measured = measure_idle(options_.endpoints, 2 * options_.steady, site_);
    if (!measured) return tl::unexpected(measured.error());
    add("idle", name + ": processor", "% of a core", measured->core_percent);
    add("idle", name + ": memory", "MiB", measured->memory_mb);
    return {};
  }

  Status storm() {
    const std::string name = std::to_string(options_.endpoints) + " endpoints";
    const auto measured = measure_storm(options_.endpoints, site_, [&](const std::string& doing) {
      progress_(name + ": " + doing);
    });
    if (!measured) return tl::unexpected(measured.error());
    add("storm", name + ": all delivered after their return", "s", measured->delivered_s);
    add("storm", "busiest tenth of a second", "% of arrivals", measured->busiest_share * 100);
    add("storm", "memory", "MiB", measured->memory_mb);
    add("storm", "file descriptors", "at once", measured->descriptors);
    return {};
  }

  const SuiteOptions& options_;
  const Site& site_;
  const Progress& progress_;
  std::vector<Figure> figures_;
  std::size_t round_ = 0;
};

}  // namespace

std::vector<std::string_view> throughput_cases() {
  std::vector<std::string_view> names(kCases.size());
  std::transform(kCases.begin(), kCases.end(), names.begin(), [](const ThroughputCase& one) {
    return std::string_view{one.name};
  });
  return names;
}

Result<std::vector<Figure>> run_suite(
    const SuiteOptions& options, const Clock& clock, const Progress& progress
) {
  auto sink = Sink::open(clock, {});
  if (!sink) return tl::unexpected(std::move(sink).error());
  const Site site{options.directory, **sink, clock};
  return Suite(options, site, progress).run();
}

}  // namespace postrider::bench
