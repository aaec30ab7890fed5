#include "bench/storm.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "bench/wait.h"
#include "http/socket.h"

namespace postrider::bench {
namespace {

constexpr Millis kFailedMax{120'000};
constexpr Millis kDeliveredMax{120'000};
constexpr Millis kLookEvery{50};

/// Returns a port on which no process listens.
Result<std::uint16_t> find_closed_port() {
  const auto listener = http::listen_on("127.0.0.1", 0);
  if (!listener) return tl::unexpected(listener.error());
  return listener->port;
}

/// Samples the service until `done` returns true; returns false when `timeout` passes first.
bool watch(Rig& rig, Storm& storm, Millis timeout, const auto& done) {
  const MonoTime end = rig.clock().mono_now() + timeout;
  while (!done()) {
    if (rig.clock().mono_now() >= end) return false;
    const ServerProcess& server = rig.server();
    storm.memory_mb = std::max(storm.memory_mb, to_mib(server.memory_bytes()));
    storm.descriptors = std::max(storm.descriptors, static_cast<double>(server.descriptors()));
    pause_for(kLookEvery);
  }
  return true;
}

double busiest_share(const std::vector<std::int64_t>& arrivals_us) {
  std::map<std::int64_t, std::size_t> tenths;
  std::size_t most = 0;
  for (const std::int64_t at : arrivals_us) most = std::max(most, ++tenths[at / 100'000]);
  return static_cast<double>(most) /
         static_cast<double>(std::max<std::size_t>(arrivals_us.size(), 1));
}

}  // namespace

Result<Storm> measure_storm(std::size_t endpoints, const Site& site, const Progress& progress) {
  const auto port = find_closed_port();
  if (!port) return tl::unexpected(port.error());
  auto rig = Rig::open(site);
  if (!rig) return tl::unexpected(std::move(rig).error());
  progress("registering endpoints");
  if (auto added = rig->add_receivers(*port, endpoints); !added)
    return tl::unexpected(std::move(added).error());
  progress("everybody is down");
  Storm storm;
  if (const auto sent = rig->emit({.events = 1}); !sent) return tl::unexpected(sent.error());
  const bool failed = watch(*rig, storm, kFailedMax, [&] {
    const auto count = rig->server().metric(R"(postrider_attempts_total{class="connect"})");
    return count && *count >= static_cast<double>(endpoints);
  });
  if (!failed) return fail(Errc::kInternal, "not every endpoint was tried");
  progress("everybody is back");
  auto sink = Sink::open(site.clock, {.port = *port, .events = 1, .copies = endpoints});
  if (!sink) return tl::unexpected(std::move(sink).error());
  const MonoTime begin = site.clock.mono_now();
  const bool delivered =
      watch(*rig, storm, kDeliveredMax, [&] { return (*sink)->arrivals() >= endpoints; });
  if (!delivered) return fail(Errc::kInternal, "not every delivery arrived");
  storm.delivered_s = std::chrono::duration<double>((*sink)->last_arrival() - begin).count();
  storm.busiest_share = busiest_share((*sink)->latencies_us());
  if (auto settled = rig->wait_until_settled(static_cast<double>(endpoints)); !settled)
    return tl::unexpected(std::move(settled).error());
  if ((*sink)->wrong_counts() > 0) return fail(Errc::kInternal, "a delivery came twice");
  if (auto closed = rig->close(); !closed) return tl::unexpected(closed.error());
  return storm;
}

}  // namespace postrider::bench
