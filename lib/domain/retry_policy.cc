#include "domain/retry_policy.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"

namespace postrider {
namespace {

std::optional<Millis> base_delay(const RetryPolicy& policy, int failed_count) {
  failed_count = std::max(failed_count, 1);  // a damaged row may hold any count
  if (failed_count >= attempts_in_all(policy)) return std::nullopt;
  if (policy.kind == RetryPolicy::Kind::kSchedule) {
    return policy.delays[static_cast<std::size_t>(failed_count - 1)];
  }
  const double grown =
      static_cast<double>(policy.initial.count()) * std::pow(policy.factor, failed_count - 1);
  const double bounded = std::min(grown, static_cast<double>(policy.delay_max.count()));
  return Millis{static_cast<std::int64_t>(bounded)};
}

}  // namespace

RetryPolicy default_retry_policy() {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  RetryPolicy policy;
  policy.delays = {
      seconds{5},
      minutes{5},
      minutes{30},
      hours{2},
      hours{5},
      hours{10},
      hours{14},
      hours{20},
      hours{24}};
  return policy;
}

int attempts_in_all(const RetryPolicy& policy) {
  if (policy.kind == RetryPolicy::Kind::kSchedule)
    return 1 + static_cast<int>(policy.delays.size());
  return policy.attempts_max;
}

std::optional<Millis> delay_after(const RetryPolicy& policy, int failed_count, double unit) {
  POSTRIDER_ASSERT(unit >= 0.0 && unit < 1.0);
  const auto base = base_delay(policy, failed_count);
  if (!base) return std::nullopt;
  const double scale = 1.0 + policy.jitter * (2.0 * unit - 1.0);
  return Millis{std::llround(static_cast<double>(base->count()) * scale)};
}

Millis schedule_length(const RetryPolicy& policy) {
  Millis sum{0};
  for (int failed = 1; failed < attempts_in_all(policy); ++failed)
    sum += *base_delay(policy, failed);
  return sum;
}

}  // namespace postrider
