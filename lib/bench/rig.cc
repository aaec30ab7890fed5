#include "bench/rig.h"

#include <utility>

#include "bench/wait.h"

namespace postrider::bench {
namespace {

/// The interval is not shorter, because each query takes time of the measured service.
constexpr Millis kSettledPoll{5};

}  // namespace

std::string receiver_url(std::uint16_t port, std::size_t endpoint) {
  return "http://127.0.0.1:" + std::to_string(port) + "/endpoint/" + std::to_string(endpoint);
}

Result<Rig> Rig::open(const Site& site, std::vector<std::string> flags) {
  Rig rig(site.directory + "/postrider-bench.db", std::move(flags), site);
  remove_database(rig.database_);
  auto server = ServerProcess::start(rig.database_, rig.flags_);
  if (!server) return tl::unexpected(std::move(server).error());
  rig.server_ = std::move(*server);
  return rig;
}

Result<std::size_t> Rig::add_endpoints(std::size_t copies) {
  const std::size_t types = kEndpoints / copies;
  for (std::size_t i = 0; i < types * copies; ++i) {
    const std::string type = "bench." + std::to_string(i % types);
    if (auto added = server_->add_endpoint(receiver_url(site_.sink.port(), i), type); !added)
      return tl::unexpected(std::move(added).error());
  }
  return types;
}

Status Rig::add_receivers(std::uint16_t port, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (auto added = server_->add_endpoint(receiver_url(port, i), "bench.0"); !added)
      return tl::unexpected(std::move(added).error());
  }
  return {};
}

Result<LoadReport> Rig::emit(LoadPlan plan) const {
  plan.port = server_->port();
  plan.key = server_->key();
  return emit_load(plan, site_.clock);
}

Result<MonoTime> Rig::wait_until_settled(double count) {
  while (true) {
    const auto settled = server_->metric(kDeliveredMetric);
    if (!settled) return tl::unexpected(settled.error());
    if (*settled >= count) return site_.clock.mono_now();
    pause_for(kSettledPoll);
  }
}

Result<Millis> Rig::restart() {
  if (auto stopped = server_->stop(); !stopped) return tl::unexpected(stopped.error());
  const MonoTime begin = site_.clock.mono_now();
  auto server = ServerProcess::start(database_, flags_);
  if (!server) return tl::unexpected(std::move(server).error());
  server_ = std::move(*server);
  return std::chrono::ceil<Millis>(site_.clock.mono_now() - begin);
}

Status Rig::close() {
  auto stopped = server_->stop();
  remove_database(database_);
  return stopped;
}

void Rig::abandon() {
  server_->kill();
  remove_database(database_);
}

}  // namespace postrider::bench
