#include "bench/endurance.h"

#include <algorithm>
#include <string>

#include "bench/throughput.h"

namespace postrider::bench {
namespace {

constexpr std::size_t kParts = 10;
/// One minute, the minimum that the service accepts.
constexpr const char* kRetention = "--retention-days=0.0007";

/// Returns the number of commits that took longer than 250 ms, from the counters of a histogram.
Result<double> count_slow_commits(ServerProcess& server) {
  auto all = server.metric("postrider_commit_seconds_count");
  if (!all) return all;
  auto quick = server.metric(R"(postrider_commit_seconds_bucket{le="0.25"})");
  if (!quick) return quick;
  return *all - *quick;
}

}  // namespace

Result<Endurance> measure_endurance(
    std::size_t events, const Site& site, const Progress& progress
) {
  auto rig = Rig::open(site, {kRetention});
  if (!rig) return tl::unexpected(std::move(rig).error());
  const auto types = rig->add_endpoints(1);
  if (!types) return tl::unexpected(types.error());
  const ThroughputPlan plan{.events = events / kParts, .connections = 4, .events_per_request = 500};
  Endurance endurance;
  double first_of_ceiling = 0;
  for (std::size_t part = 0; part < kParts; ++part) {
    progress("part " + std::to_string(part + 1) + " of " + std::to_string(kParts));
    const auto rates =
        measure_throughput_on(*rig, plan, *types, static_cast<double>(part * plan.events));
    if (!rates) return tl::unexpected(rates.error());
    const FileSizes sizes = rig->database_sizes();
    const double memory_mb = to_mib(rig->server().memory_bytes());
    endurance.log_mb = std::max(endurance.log_mb, to_mib(sizes.log));
    endurance.database_mb = to_mib(sizes.database);
    endurance.memory_mb = memory_mb;
    endurance.last_per_second = rates->settled;
    if (part == 0) {
      first_of_ceiling = rates->of_ceiling();
      endurance.first_per_second = rates->settled;
      endurance.memory_mb_first = memory_mb;
    }
    endurance.last_to_first = rates->of_ceiling() / first_of_ceiling;
    if (part + 1 == kParts / 2) endurance.database_mb_half = endurance.database_mb;
  }
  const auto slow = count_slow_commits(rig->server());
  if (!slow) return tl::unexpected(slow.error());
  endurance.slow_commits = *slow;
  if (auto closed = rig->close(); !closed) return tl::unexpected(closed.error());
  return endurance;
}

}  // namespace postrider::bench
