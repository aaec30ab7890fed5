// What a seed draws before it runs: which faults and commands exist, and how often.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/prng.h"
#include "domain/retry_policy.h"

#include "tests/sim/receiver.h"

namespace postrider::sim {

/// Chances are per step or per call, 0 to 1.
struct Plan {
  int endpoints_max = 4;
  int tenants = 1;
  std::uint64_t in_flight_max = 8;
  std::uint64_t ready_bytes_max = 1U << 20U;
  std::uint64_t ordering_bytes_max = 1U << 20U;
  Millis step_max{500};
  double emit = 0.5;
  double batch = 0.0;
  double keyed = 0.0;
  double deliver_at = 0.0;
  double expires_at = 0.0;
  double large_data = 0.0;
  double ordered = 0.0;  ///< of an endpoint
  double keyless = 0.0;  ///< of an event
  std::uint64_t ordering_keys = 1;
  double outbox = 0.0;
  double delivery_change = 0.0;
  double event_replay = 0.0;
  double task = 0.0;
  double endpoint_change = 0.0;
  double endpoint_delete = 0.0;
  double maintenance = 0.2;
  bool prunes = false;
  Millis retention{60'000};
  Millis hold_disabled{60'000};
  double write_turn = 0.8;
  double engine_turn = 0.8;
  double news_delay = 0.0;
  double crash = 0.0;
  double crash_in_commit = 0.0;
  double drain = 0.0;
  double freeze = 0.0;      ///< of the node, which another node takes over
  double reboot = 0.0;      ///< of the machine, with a crash
  double rate_limit = 0.0;  ///< of an endpoint
  double transform = 0.0;   ///< of an endpoint
  double filter = 0.0;      ///< of an endpoint
  double wall_step = 0.0;
  double long_jump = 0.0;
  double begin_fails = 0.0;
  double commit_fails = 0.0;
  double answer_lost = 0.0;  ///< of a commit that is done
  double call_fails = 0.0;
  double read_fails = 0.0;
  double mode_change = 0.05;
  // Several nodes over one database.
  int nodes = 1;
  Millis lease{5000};
  Millis mail_delay{0};
  double mail_lost = 0.0;  ///< of a commit, to one node
  double join = 0.0;       ///< while there are fewer
  double cut_off = 0.0;    ///< of a node from its lease, for a while
  double away = 0.0;       ///< of the database, from a node, for a while
  std::vector<Mode> modes;
};

[[nodiscard]] Plan draw_plan(Prng& prng);

/// What endpoints have for a `transform`: one that works, one that jq cannot always be run for, one
/// that fails. The first two make this body.
inline constexpr const char* kProgramWorks = ".works";
inline constexpr const char* kProgramMissing = ".missing";
inline constexpr const char* kProgramFails = ".fails";
inline constexpr const char* kProgramBody = R"({"made":true})";

/// What endpoints have for a `filter`: for every event, for none, for those with an even number,
/// and one that fails.
inline constexpr const char* kFilterTakes = ".takes";
inline constexpr const char* kFilterDrops = ".drops";
inline constexpr const char* kFilterEven = ".even";
inline constexpr const char* kFilterBreaks = ".breaks";

/// The policy that applies to endpoints without one.
[[nodiscard]] inline RetryPolicy default_policy() {
  RetryPolicy policy;
  policy.delays = {Millis{1000}, Millis{3000}, Millis{10'000}};
  return policy;
}

/// True with the given chance. Draws once whatever the chance.
[[nodiscard]] inline bool chance(Prng& prng, double p) { return prng.unit() < p; }
[[nodiscard]] inline Millis draw_millis(Prng& prng, Millis max) {
  return Millis{static_cast<std::int64_t>(prng.below(static_cast<std::uint64_t>(max.count()) + 1))};
}
template <class T>
[[nodiscard]] const T& pick(Prng& prng, const std::vector<T>& from) {
  return from[prng.below(from.size())];
}

}  // namespace postrider::sim
