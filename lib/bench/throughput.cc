#include "bench/throughput.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "bench/mark.h"
#include "transport/curl/bare_post.h"

namespace postrider::bench {
namespace {

constexpr Millis kThroughputArrivalMax{120'000};
constexpr std::size_t kCeilingPostsMin = 2'000;
constexpr std::size_t kCeilingPostsMax = 20'000;

double per_second(double count, MonoTime begin, MonoTime end) {
  return count / std::chrono::duration<double>(end - begin).count();
}

}  // namespace

Result<Rates> measure_throughput(const ThroughputPlan& plan, const Site& site) {
  auto rig = Rig::open(site);
  if (!rig) return tl::unexpected(std::move(rig).error());
  const auto types = rig->add_endpoints(plan.copies);
  if (!types) return tl::unexpected(types.error());
  auto rates = measure_throughput_on(*rig, plan, *types, 0);
  if (!rates) return rates;
  if (auto closed = rig->close(); !closed) return tl::unexpected(closed.error());
  return rates;
}

Result<Rates> measure_throughput_on(
    Rig& rig, const ThroughputPlan& plan, std::size_t types, double settled_before
) {
  // The speed of a machine changes from one second to the next.
  const auto before = measure_ceiling(plan.events, plan.data_bytes, rig.site());
  if (!before) return tl::unexpected(before.error());
  const auto deliveries = static_cast<double>(plan.events * plan.copies);
  const double cpu_before = rig.server().cpu_seconds();
  rig.sink().expect(plan.events, plan.copies);
  const auto load = rig.emit(
      {.connections = plan.connections,
       .events = plan.events,
       .events_per_request = plan.events_per_request,
       .data_bytes = plan.data_bytes,
       .type_prefix = plan.type_prefix,
       .types = types}
  );
  if (!load) return tl::unexpected(load.error());
  if (!rig.sink().wait_for_all(kThroughputArrivalMax))
    return fail(Errc::kInternal, "not every event arrived");
  const auto settled = rig.wait_until_settled(settled_before + deliveries);
  if (!settled) return tl::unexpected(settled.error());
  const MonoTime last_arrival = rig.sink().last_arrival();
  if (rig.sink().wrong_counts() > 0) return fail(Errc::kInternal, "an event came more than once");
  const double cpu_s = rig.server().cpu_seconds() - cpu_before;
  const auto after = measure_ceiling(plan.events, plan.data_bytes, rig.site());
  if (!after) return tl::unexpected(after.error());
  return Rates{
      .accepted = per_second(static_cast<double>(plan.events), load->begun, load->ended),
      .delivered = per_second(deliveries, load->begun, last_arrival),
      .settled = per_second(deliveries, load->begun, *settled),
      .cpu_us = cpu_s / deliveries * 1e6,
      .ceiling = std::midpoint(*before, *after)};
}

Result<double> measure_ceiling(std::size_t events, std::size_t data_bytes, const Site& site) {
  const std::size_t posts = std::clamp(events / 2, kCeilingPostsMin, kCeilingPostsMax);
  curl::BarePost plan;
  for (std::size_t i = 0; i < kEndpoints; ++i)
    plan.urls.push_back(receiver_url(site.sink.port(), i));
  // The headers are as long as those of a delivery.
  plan.headers = {
      "Content-Type: application/json",
      "User-Agent: Postrider/0.1.0",
      "webhook-id: evt_01HF8Z6J9Q2X3Y4Z5A6B7C8D9E",
      "webhook-timestamp: 1700000000",
      "webhook-signature: v1,MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="};
  plan.count = posts;
  plan.in_flight = kEndpoints;
  plan.body = [&clock = site.clock, data_bytes](std::size_t number) {
    std::string body = R"({"type":"bench.0","timestamp":"2026-01-01T00:00:00.000Z","data":)";
    append_marked_data(
        body, {static_cast<std::uint32_t>(number), to_us(clock.mono_now())}, data_bytes
    );
    body += '}';
    return body;
  };
  site.sink.expect(posts, 1);
  const MonoTime begin = site.clock.mono_now();
  if (auto posted = curl::post_bare(plan); !posted) return tl::unexpected(posted.error());
  const MonoTime end = site.clock.mono_now();
  if (site.sink.wrong_counts() > 0) return fail(Errc::kInternal, "the ceiling lost a post");
  return per_second(static_cast<double>(posts), begin, end);
}

}  // namespace postrider::bench
