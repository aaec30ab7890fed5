#include "bench/latency.h"

#include <future>
#include <utility>

#include "bench/disk_witness.h"
#include "bench/samples.h"

namespace postrider::bench {
namespace {

constexpr Millis kLatencyArrivalMax{60'000};
constexpr std::size_t kConnections = 32;
constexpr std::size_t kHangingEndpoints = 50;
constexpr double kPerEndpoint = 50;  // events per second

LoadPlan steady(double per_second, std::chrono::seconds duration) {
  LoadPlan plan;
  plan.connections = kConnections;
  plan.events_per_second = per_second;
  plan.events = static_cast<std::size_t>(per_second * static_cast<double>(duration.count()));
  return plan;
}

/// Returns the latency of every event of a steady load in milliseconds.
Result<std::vector<double>> measure_on(Rig& rig, const LoadPlan& plan) {
  rig.sink().expect(plan.events, 1);
  if (const auto load = rig.emit(plan); !load) return tl::unexpected(load.error());
  if (!rig.sink().wait_for_all(kLatencyArrivalMax))
    return fail(Errc::kInternal, "not every event arrived");
  return to_ms(rig.sink().latencies_us());
}

Status add_trouble(Rig& rig) {
  const std::string hang = "http://127.0.0.1:" + std::to_string(rig.sink().port()) + "/hang/";
  for (std::size_t i = 0; i < kHangingEndpoints; ++i) {
    const auto added =
        rig.server().add_endpoint(hang + std::to_string(i), "trouble." + std::to_string(i));
    if (!added) return tl::unexpected(added.error());
  }
  // No process listens on port 1, the port of TCPMUX.
  const auto refusing = rig.server().add_endpoint(
      "http://127.0.0.1:1/", "trouble." + std::to_string(kHangingEndpoints)
  );
  if (!refusing) return tl::unexpected(refusing.error());
  return {};
}

}  // namespace

Result<Latency> measure_latency(const LatencyPlan& plan, const Site& site) {
  auto rig = Rig::open(site);
  if (!rig) return tl::unexpected(std::move(rig).error());
  const auto types = rig->add_endpoints(1);
  if (!types) return tl::unexpected(types.error());
  auto witness = DiskWitness::start(site.directory, site.clock);
  if (!witness) return tl::unexpected(std::move(witness).error());
  LoadPlan load = steady(plan.events_per_second, plan.duration);
  load.types = *types;
  const auto ms = measure_on(*rig, load);
  if (!ms) return tl::unexpected(ms.error());
  const auto disk = to_ms((*witness)->stop());
  if (auto closed = rig->close(); !closed) return tl::unexpected(closed.error());
  return Latency{
      .p50_ms = quantile(*ms, 0.5),
      .p99_ms = quantile(*ms, 0.99),
      .max_ms = quantile(*ms, 1),
      .disk_p99_ms = quantile(disk, 0.99),
      .disk_max_ms = quantile(disk, 1)};
}

Result<Isolation> measure_isolation(std::chrono::seconds duration, const Site& site) {
  auto rig = Rig::open(site);
  if (!rig) return tl::unexpected(std::move(rig).error());
  if (auto added = rig->server().add_endpoint(receiver_url(site.sink.port(), 0), "bench.0"); !added)
    return tl::unexpected(std::move(added).error());
  const LoadPlan healthy = steady(kPerEndpoint, duration);
  const auto alone = measure_on(*rig, healthy);
  if (!alone) return tl::unexpected(alone.error());
  if (auto added = add_trouble(*rig); !added) return tl::unexpected(std::move(added).error());
  LoadPlan trouble = steady(kPerEndpoint * (kHangingEndpoints + 1), duration);
  trouble.type_prefix = "trouble.";
  trouble.types = kHangingEndpoints + 1;
  auto witness = DiskWitness::start(site.directory, site.clock);
  if (!witness) return tl::unexpected(std::move(witness).error());
  auto offered = std::async(std::launch::async, [&] { return rig->emit(trouble); });
  const auto beside = measure_on(*rig, healthy);
  if (const auto load = offered.get(); !load) return tl::unexpected(load.error());
  if (!beside) return tl::unexpected(beside.error());
  const auto disk = to_ms((*witness)->stop());
  rig->abandon();
  return Isolation{
      .alone_p99_ms = quantile(*alone, 0.99),
      .beside_p99_ms = quantile(*beside, 0.99),
      .beside_disk_p99_ms = quantile(disk, 0.99)};
}

}  // namespace postrider::bench
