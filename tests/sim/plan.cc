#include "tests/sim/plan.h"

#include <array>

namespace postrider::sim {
namespace {

/// A fault or command exists in half of all seeds, then at a chance of up to `most`.
double maybe(Prng& prng, double most) {
  const bool exists = chance(prng, 0.5);
  const double p = most * prng.unit();
  return exists ? p : 0.0;
}

/// What does not concern several nodes, or not yet, is drawn for one.
void draw_nodes(Prng& prng, Plan& plan) {
  if (!chance(prng, 0.3)) return;
  plan.nodes = 2 + static_cast<int>(prng.below(2));
  plan.lease = Millis{2000} + draw_millis(prng, Millis{8000});
  plan.mail_delay = chance(prng, 0.5) ? draw_millis(prng, Millis{2000}) : Millis{0};
  plan.mail_lost = maybe(prng, 0.3);
  plan.join = 0.05 + 0.2 * prng.unit();
  plan.cut_off = maybe(prng, 0.02);
  plan.away = maybe(prng, 0.02);
  // Leases end by the database's clock.
  plan.wall_step = 0.0;
  plan.long_jump = 0.0;
}

}  // namespace

Plan draw_plan(Prng& prng) {
  Plan plan;
  plan.endpoints_max = 1 + static_cast<int>(prng.below(8));
  plan.tenants = 1 + static_cast<int>(prng.below(3));
  plan.in_flight_max = 1 + prng.below(12);
  plan.ready_bytes_max = chance(prng, 0.3) ? 1 + prng.below(4000) : 1U << 20U;
  plan.ordering_bytes_max = chance(prng, 0.3) ? prng.below(2000) : 1U << 20U;
  plan.step_max = pick(prng, std::vector<Millis>{Millis{20}, Millis{300}, Millis{2000}});
  plan.emit = 0.02 + 0.25 * prng.unit();
  plan.batch = maybe(prng, 0.3);
  plan.keyed = maybe(prng, 0.6);
  plan.deliver_at = maybe(prng, 0.4);
  plan.expires_at = maybe(prng, 0.4);
  plan.large_data = maybe(prng, 0.3);
  plan.ordered = maybe(prng, 1.0);
  plan.keyless = maybe(prng, 0.8);
  plan.ordering_keys = 1 + prng.below(5);
  plan.outbox = maybe(prng, 0.2);
  plan.delivery_change = maybe(prng, 0.5);
  plan.event_replay = maybe(prng, 0.2);
  plan.task = maybe(prng, 0.1);
  plan.endpoint_change = maybe(prng, 0.3);
  plan.endpoint_delete = maybe(prng, 0.02);
  plan.maintenance = 0.02 + 0.3 * prng.unit();
  plan.prunes = chance(prng, 0.4);
  plan.retention = Millis{1000} + draw_millis(prng, Millis{60'000});
  plan.hold_disabled = Millis{1000} + draw_millis(prng, Millis{60'000});
  plan.write_turn = 0.2 + 0.8 * prng.unit();
  plan.engine_turn = 0.2 + 0.8 * prng.unit();
  plan.news_delay = maybe(prng, 0.8);
  plan.crash = maybe(prng, 0.03);
  plan.crash_in_commit = maybe(prng, 0.05);
  plan.drain = maybe(prng, 0.01);
  plan.freeze = maybe(prng, 0.02);
  plan.reboot = maybe(prng, 0.5);
  plan.rate_limit = maybe(prng, 1.0);
  plan.transform = maybe(prng, 1.0);
  plan.filter = maybe(prng, 1.0);
  plan.wall_step = maybe(prng, 0.05);
  plan.long_jump = maybe(prng, 0.05);
  plan.begin_fails = maybe(prng, 0.2);
  plan.commit_fails = maybe(prng, 0.2);
  plan.call_fails = maybe(prng, 0.05);
  plan.read_fails = maybe(prng, 0.1);
  plan.mode_change = 0.2 * prng.unit();
  plan.modes = {Mode::kHealthy};
  for (std::size_t mode = 1; mode < kModeCount; ++mode) {
    if (chance(prng, 0.4)) plan.modes.push_back(static_cast<Mode>(mode));
  }
  draw_nodes(prng, plan);
  return plan;
}

}  // namespace postrider::sim
