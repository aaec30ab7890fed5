#include "bench/throughput.h"

#include <string>
#include <utility>

#include "bench/mark.h"
#include "transport/curl/bare_post.h"

namespace postrider::bench {
namespace {

constexpr Millis kArrivalMax{120'000};

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
  if (!rig.sink().wait_for_all(kArrivalMax))
    return fail(Errc::kInternal, "not every event arrived");
  const auto settled = rig.wait_until_settled(settled_before + deliveries);
  if (!settled) return tl::unexpected(settled.error());
  if (rig.sink().wrong_counts() > 0) return fail(Errc::kInternal, "an event came more than once");
  return Rates{
      .accepted = per_second(static_cast<double>(plan.events), load->begun, load->ended),
      .delivered = per_second(deliveries, load->begun, rig.sink().last_arrival()),
      .settled = per_second(deliveries, load->begun, *settled),
      .cpu_us = (rig.server().cpu_seconds() - cpu_before) / deliveries * 1e6};
}

Result<double> measure_ceiling(
    std::size_t posts, std::size_t connections, std::size_t data_bytes, const Site& site
) {
  curl::BarePost plan;
  for (std::size_t i = 0; i < kEndpoints; ++i)
    plan.urls.push_back(receiver_url(site.sink.port(), i));
  // As long as those of a delivery.
  plan.headers = {
      "Content-Type: application/json",
      "User-Agent: Postrider/0.1.0",
      "webhook-id: evt_01HF8Z6J9Q2X3Y4Z5A6B7C8D9E",
      "webhook-timestamp: 1700000000",
      "webhook-signature: v1,MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="};
  plan.count = posts;
  plan.in_flight = connections;
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
