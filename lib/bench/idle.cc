#include "bench/idle.h"

#include <string>

#include "bench/samples.h"
#include "bench/wait.h"

namespace postrider::bench {
namespace {

constexpr Millis kIdleArrivalMax{120'000};
/// In this time the service writes the statistics of the deliveries and closes unused connections.
constexpr std::chrono::seconds kSettling{6};

/// Delivers one event to each endpoint.
Status deliver_to_all(Rig& rig, std::size_t endpoints) {
  rig.sink().expect(1, endpoints);
  if (const auto sent = rig.emit({.events = 1}); !sent) return tl::unexpected(sent.error());
  if (!rig.sink().wait_for_all(kIdleArrivalMax))
    return fail(Errc::kInternal, "not every endpoint was reached");
  return {};
}

}  // namespace

Result<Idle> measure_idle(std::size_t endpoints, std::chrono::seconds duration, const Site& site) {
  auto rig = Rig::open(site);
  if (!rig) return tl::unexpected(std::move(rig).error());
  if (auto added = rig->add_receivers(site.sink.port(), endpoints); !added)
    return tl::unexpected(std::move(added).error());
  if (auto reached = deliver_to_all(*rig, endpoints); !reached)
    return tl::unexpected(reached.error());
  pause_for(kSettling);
  const MonoTime begin = site.clock.mono_now();
  const double used = rig->server().cpu_seconds();
  pause_for(duration);
  const std::chrono::duration<double> took = site.clock.mono_now() - begin;
  const Idle idle{
      .core_percent = (rig->server().cpu_seconds() - used) / took.count() * 100,
      .memory_mb = to_mib(rig->server().memory_bytes())};
  if (auto closed = rig->close(); !closed) return tl::unexpected(closed.error());
  return idle;
}

}  // namespace postrider::bench
