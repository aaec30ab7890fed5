#include "bench/backlog.h"

#include <utility>

namespace postrider::bench {
namespace {

constexpr Millis kFirstMax{60'000};

std::int64_t bytes_of(const FileSizes& sizes) { return sizes.database + sizes.log; }

Result<std::string> add_waiting_endpoint(Rig& rig) {
  return rig.server().add_endpoint(receiver_url(rig.sink().port(), kEndpoints), "waiting.0");
}

Status pause(Rig& rig, const std::string& endpoint) {
  const auto paused = rig.server().call("POST", "/v1/endpoints/" + endpoint + "/pause");
  return paused ? Status{} : Status{tl::unexpected(paused.error())};
}

Status fill(const Rig& rig, std::size_t waiting) {
  const auto filled = rig.emit(
      {.connections = 4, .events = waiting, .events_per_request = 500, .type_prefix = "waiting."}
  );
  return filled ? Status{} : Status{tl::unexpected(filled.error())};
}

/// Returns the time until one event has arrived from a service that has just started.
Result<Millis> first_delivery(Rig& rig) {
  const MonoTime begin = rig.clock().mono_now();
  rig.sink().expect(1, 1);
  if (const auto sent = rig.emit({.events = 1}); !sent) return tl::unexpected(sent.error());
  if (!rig.sink().wait_for_all(kFirstMax))
    return fail(Errc::kInternal, "nothing arrives after the restart");
  return std::chrono::ceil<Millis>(rig.sink().last_arrival() - begin);
}

/// Resumes the endpoint and returns the rate, in deliveries per second, at which its backlog
/// drains.
Result<double> drain(Rig& rig, const std::string& endpoint, std::size_t waiting) {
  const auto before = rig.server().metric(kDeliveredMetric);
  if (!before) return tl::unexpected(before.error());
  const MonoTime begin = rig.clock().mono_now();
  if (auto resumed = rig.server().call("POST", "/v1/endpoints/" + endpoint + "/resume"); !resumed)
    return tl::unexpected(resumed.error());
  const auto settled = rig.wait_until_settled(*before + static_cast<double>(waiting));
  if (!settled) return tl::unexpected(settled.error());
  return static_cast<double>(waiting) / std::chrono::duration<double>(*settled - begin).count();
}

}  // namespace

Result<Backlog> measure_backlog(
    std::size_t waiting, const ThroughputPlan& plan, const Site& site, const Progress& progress
) {
  auto rig = Rig::open(site);
  if (!rig) return tl::unexpected(std::move(rig).error());
  const auto types = rig->add_endpoints(1);
  if (!types) return tl::unexpected(types.error());
  const auto paused = add_waiting_endpoint(*rig);
  if (!paused) return tl::unexpected(paused.error());
  Backlog backlog;
  const auto events = static_cast<double>(plan.events);
  progress("throughput without a backlog");
  // When it is measured alone, this endpoint is limited by its own maximum of concurrent requests.
  ThroughputPlan alone = plan;
  alone.type_prefix = "waiting.";
  const auto fresh = measure_throughput_on(*rig, alone, 1, 0);
  if (!fresh) return tl::unexpected(fresh.error());
  backlog.fresh_per_second = fresh->settled;
  const auto empty = measure_throughput_on(*rig, plan, *types, events);
  if (!empty) return tl::unexpected(empty.error());
  backlog.empty_per_second = empty->settled;
  const std::int64_t bytes_before = bytes_of(rig->database_sizes());
  progress("filling the backlog");
  if (auto done = pause(*rig, *paused); !done) return tl::unexpected(std::move(done).error());
  if (auto filled = fill(*rig, waiting); !filled) return tl::unexpected(filled.error());
  backlog.bytes_per_delivery = static_cast<double>(bytes_of(rig->database_sizes()) - bytes_before) /
                               static_cast<double>(waiting);
  progress("throughput beside the backlog");
  const auto beside = measure_throughput_on(*rig, plan, *types, 2 * events);
  if (!beside) return tl::unexpected(beside.error());
  backlog.beside_per_second = beside->settled;
  backlog.beside_to_empty = beside->of_ceiling() / empty->of_ceiling();
  backlog.memory_mb = to_mib(rig->server().memory_bytes());
  progress("restart");
  const auto restarted = rig->restart();
  if (!restarted) return tl::unexpected(restarted.error());
  backlog.restart_ms = static_cast<double>(restarted->count());
  const auto first = first_delivery(*rig);
  if (!first) return tl::unexpected(first.error());
  backlog.first_ms = static_cast<double>(first->count());
  progress("draining the backlog");
  const auto drained = drain(*rig, *paused, waiting);
  if (!drained) return tl::unexpected(drained.error());
  const auto ceiling = measure_ceiling(waiting, plan.data_bytes, site);
  if (!ceiling) return tl::unexpected(ceiling.error());
  backlog.drain_per_second = *drained;
  backlog.drain_to_fresh = *drained / *ceiling / fresh->of_ceiling();
  if (auto closed = rig->close(); !closed) return tl::unexpected(closed.error());
  return backlog;
}

}  // namespace postrider::bench
